import { describe, expect, test } from 'vitest'
import { makeCancelWatch } from '../../src/gateway/cancel-watch.ts'
import type { Sleep } from '../../src/protocol/clock.ts'

/** A watch whose looks come when the test says so, over marks that the test sets. */
function watchOver(marks: Map<string, string>) {
  const reads: (readonly string[])[] = []
  const sleepers: (() => void)[] = []
  const slept: number[] = []
  const sleep: Sleep = (durationMs) => {
    slept.push(durationMs)
    return new Promise((resolve) => void sleepers.push(resolve))
  }
  const faults: Error[] = []
  const watch = makeCancelWatch({
    sleep,
    store: {
      readCancels: async (holdIds) => {
        reads.push(holdIds)
        const fault = faults.pop()
        if (fault) throw fault
        return new Map([...marks].filter(([holdId]) => holdIds.includes(holdId)))
      },
    },
  })
  const look = async () => {
    for (const wake of sleepers.splice(0)) wake()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { watch, reads, slept, look, faults, isIdle: () => sleepers.length === 0 }
}

describe('a request that its customer cancelled', () => {
  test('is stopped at the next look, and no other', async () => {
    const marks = new Map<string, string>()
    const { watch, look } = watchOver(marks)
    const [one, other] = [watch('hold-1', 'key-1'), watch('hold-2', 'key-1')]
    await look()
    expect([one.signal.aborted, other.signal.aborted]).toEqual([false, false])
    marks.set('hold-1', 'key-1')
    await look()
    expect([one.signal.aborted, other.signal.aborted]).toEqual([true, false])
  })

  test('is not stopped by another key', async () => {
    const { watch, look } = watchOver(new Map([['hold-1', 'key-2']]))
    const { signal } = watch('hold-1', 'key-1')
    await look()
    expect(signal.aborted).toBe(false)
  })

  test('is stopped at the next look where one failed', async () => {
    const { watch, look, faults } = watchOver(new Map([['hold-1', 'key-1']]))
    faults.push(new Error('the database is away'))
    const { signal } = watch('hold-1', 'key-1')
    await look()
    expect(signal.aborted).toBe(false)
    await look()
    expect(signal.aborted).toBe(true)
  })
})

describe('a process reads', () => {
  test('every 750 ms for all its requests, at most 100 at a time', async () => {
    const { watch, reads, slept, look } = watchOver(new Map())
    const ids = Array.from({ length: 150 }, (_, index) => `hold-${index}`)
    for (const id of ids) watch(id, 'key-1')
    await look()
    expect(reads.map((page) => page.length)).toEqual([100, 50])
    expect(reads.flat()).toEqual(ids)
    expect(slept).toEqual([750, 750])
  })

  test('nothing while it runs no request', async () => {
    const { watch, reads, look, isIdle } = watchOver(new Map())
    watch('hold-1', 'key-1').end()
    await look()
    await look()
    expect(reads).toEqual([])
    expect(isIdle()).toBe(true)
    watch('hold-2', 'key-1')
    await look()
    expect(reads).toEqual([['hold-2']])
  })
})
