import { describe, expect, test } from 'vitest'
import { forEachBounded } from '../../src/schedules/bounded.ts'
import { makeLatch } from '../support/host-answers.ts'

async function* numbers(count: number): AsyncGenerator<number> {
  for (let next = 0; next < count; next += 1) yield next
}
const turn = () => new Promise((resolve) => setImmediate(resolve))

test('every item has its turn, so many at a time and no more', async () => {
  const done: number[] = []
  const latches = Array.from({ length: 7 }, makeLatch)
  const started: number[] = []
  const all = forEachBounded(numbers(7), 3, async (item) => {
    started.push(item)
    await latches[item]?.opened
    done.push(item)
  })
  await turn()
  expect(started).toEqual([0, 1, 2])
  latches[1]?.open()
  await turn()
  expect(started).toEqual([0, 1, 2, 3])
  for (const latch of latches) latch.open()
  await all
  expect(done.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6])
})

test('without items there is nothing to do', async () => {
  await forEachBounded(numbers(0), 3, () => Promise.reject(new Error('no item was given')))
})

describe('a failure', () => {
  test('keeps no other item from its turn, and is told at the end', async () => {
    const done: number[] = []
    const all = forEachBounded(numbers(6), 2, async (item) => {
      await turn()
      if (item === 0 || item === 3) throw new Error(`item ${item}`)
      done.push(item)
    })
    const failure = await all.catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(AggregateError)
    expect(failure).toMatchObject({
      message: '2 items failed',
      errors: [{ message: 'item 0' }, { message: 'item 3' }],
    })
    expect(done).toEqual([1, 2, 4, 5])
  })

  test('of the items themselves waits for the work that runs', async () => {
    const done: number[] = []
    async function* broken(): AsyncGenerator<number> {
      yield 1
      throw new Error('no further page')
    }
    const all = forEachBounded(broken(), 3, async (item) => {
      await turn()
      done.push(item)
    })
    await expect(all).rejects.toThrow('no further page')
    expect(done).toEqual([1])
  })
})
