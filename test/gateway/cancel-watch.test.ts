import { describe, expect, test } from 'vitest'
import { makeCancelWatch } from '../../src/gateway/cancel-watch.ts'
import type { Sleep } from '../../src/protocol/clock.ts'

/** A watch whose seconds pass when the test says so, over marks that the test sets. */
function watchOver(marks: Map<string, string>) {
  const reads: (readonly string[])[] = []
  const sleepers: (() => void)[] = []
  const sleep: Sleep = () => new Promise((resolve) => void sleepers.push(resolve))
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
  const second = async () => {
    for (const wake of sleepers.splice(0)) wake()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { watch, reads, second, faults, isIdle: () => sleepers.length === 0 }
}

describe('a request that its customer cancelled', () => {
  test('is stopped at the next look, and no other', async () => {
    const marks = new Map<string, string>()
    const { watch, second } = watchOver(marks)
    const [one, other] = [watch('hold-1', 'key-1'), watch('hold-2', 'key-1')]
    await second()
    expect([one.signal.aborted, other.signal.aborted]).toEqual([false, false])
    marks.set('hold-1', 'key-1')
    await second()
    expect([one.signal.aborted, other.signal.aborted]).toEqual([true, false])
  })

  test('is not stopped by another key', async () => {
    const { watch, second } = watchOver(new Map([['hold-1', 'key-2']]))
    const { signal } = watch('hold-1', 'key-1')
    await second()
    expect(signal.aborted).toBe(false)
  })

  test('is stopped a second later where a look failed', async () => {
    const { watch, second, faults } = watchOver(new Map([['hold-1', 'key-1']]))
    faults.push(new Error('the database is away'))
    const { signal } = watch('hold-1', 'key-1')
    await second()
    expect(signal.aborted).toBe(false)
    await second()
    expect(signal.aborted).toBe(true)
  })
})

describe('a process reads', () => {
  test('once a second for all its requests, at most 100 at a time', async () => {
    const { watch, reads, second } = watchOver(new Map())
    const ids = Array.from({ length: 150 }, (_, index) => `hold-${index}`)
    for (const id of ids) watch(id, 'key-1')
    await second()
    expect(reads.map((page) => page.length)).toEqual([100, 50])
    expect(reads.flat()).toEqual(ids)
  })

  test('nothing while it runs no request', async () => {
    const { watch, reads, second, isIdle } = watchOver(new Map())
    watch('hold-1', 'key-1').end()
    await second()
    await second()
    expect(reads).toEqual([])
    expect(isIdle()).toBe(true)
    watch('hold-2', 'key-1')
    await second()
    expect(reads).toEqual([['hold-2']])
  })
})
