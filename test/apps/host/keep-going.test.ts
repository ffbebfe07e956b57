import { describe, expect, it } from 'vitest'
import { keepGoing } from '../../../apps/host/keep-going.ts'

describe('a loop beside the heartbeat', () => {
  it('that fails is logged and begun again, and its end is the end', async () => {
    const logged: object[] = []
    const slept: number[] = []
    let runs = 0
    await keepGoing({
      name: 'claims',
      loop: async () => {
        runs += 1
        if (runs < 3) throw new Error(`bug ${runs}`)
      },
      stop: new AbortController().signal,
      clock: { sleep: async (ms) => void slept.push(ms) },
      log: (event, fields) => logged.push({ event, ...fields }),
    })
    expect(runs).toBe(3)
    expect(slept).toEqual([5_000, 5_000])
    expect(logged).toEqual([
      { event: 'loop_bug', name: 'claims', message: 'bug 1' },
      { event: 'loop_bug', name: 'claims', message: 'bug 2' },
    ])
  })

  it('is not begun again once the agent stops', async () => {
    const stopping = new AbortController()
    let runs = 0
    await keepGoing({
      name: 'route',
      loop: async () => {
        runs += 1
        stopping.abort()
        throw new Error('a bug')
      },
      stop: stopping.signal,
      clock: { sleep: async () => undefined },
      log: () => undefined,
    })
    expect(runs).toBe(1)
  })
})
