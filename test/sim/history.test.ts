// Histories of the real ledger: a seed tells all of it, and runs are judged as they should be.
import { expect, test } from 'vitest'
import type { Counts } from './engine/sometimes.ts'
import { playHistory } from './history.ts'
import { planOf } from './plan.ts'
import { playBatch } from './run/play.ts'
import { runSeeds } from './run/run-workers.ts'

const seeds = Array.from({ length: 25 }, (_, index) => index + 1)
const play = (seed: number, counts: Counts = new Map()) =>
  playHistory(planOf(seed), { counts, keepsLines: true })

test.each(seeds)('seed %d plays the same history twice, line by line', async (seed) => {
  const [one, other] = [await play(seed), await play(seed)]
  expect(other).toEqual(one)
  expect(one.violation).toBeUndefined()
})

test('different seeds play different histories', async () => {
  const digests = new Set<string>()
  for (const seed of seeds) digests.add((await play(seed)).digest)
  expect(digests.size).toBe(seeds.length)
})

test('taking an operation out leaves the chances of the others as they were', async () => {
  const plan = planOf(3)
  const [first, ...operations] = plan.operations
  const whole = await playHistory(plan, { counts: new Map(), keepsLines: true })
  const part = await playHistory({ ...plan, operations }, { counts: new Map(), keepsLines: true })
  const begun = (lines: readonly string[]) =>
    lines.filter((line) => /request\S+ +begins/.test(line))
  expect(first).toBeDefined()
  expect(begun(part.lines)[0]).toEqual(begun(whole.lines)[0])
})

test('the digest of a run does not depend on how its histories are spread', async () => {
  const setup = { bug: undefined, canary: false }
  const run = { from: 1, seeds: 120, setup, onProgress: () => undefined }
  const [alone, together] = [
    await runSeeds({ ...run, workers: 1 }),
    await runSeeds({ ...run, workers: 2 }),
  ]
  expect(together.digest).toBe(alone.digest)
  expect([...together.counts].sort()).toEqual([...alone.counts].sort())
})

test('the canary fails a run at the first seed that is a multiple of 100', async () => {
  const batch = { kind: 'play', from: 95, count: 20 } as const
  expect((await playBatch(batch, { canary: true })).failure).toEqual({
    seed: 100,
    invariant: 'canary',
    message: 'fails on purpose',
  })
  expect((await playBatch(batch, { canary: false })).failure).toBeUndefined()
})
