import { expect, test } from 'vitest'
import { tellPoolAge } from '../../src/schedules/pool-age.ts'

async function told(builtAtMs: number | undefined, nowMs: number) {
  const published: number[] = []
  const report = await tellPoolAge({
    pool: {
      readPublicCatalogue: async () =>
        builtAtMs === undefined ? undefined : { builtAtMs, models: [] },
    },
    metrics: { publishAge: (ageSeconds) => void published.push(ageSeconds) },
    nowMs: () => nowMs,
  })
  return { published, report }
}

test('the age of the pools is told in seconds', async () => {
  const age = await told(1_000, 122_500)
  expect(age).toEqual({ published: [121.5], report: { poolAgeSeconds: 121.5 } })
})

test('a clock that is behind the pass’s makes no negative age', async () => {
  expect((await told(1_000, 900)).published).toEqual([0])
})

test('before the first pass nothing is told, and the alarm’s silence speaks', async () => {
  expect(await told(undefined, 1_000)).toEqual({ published: [], report: { poolAgeSeconds: null } })
})
