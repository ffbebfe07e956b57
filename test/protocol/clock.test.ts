import { expect, test } from 'vitest'
import { durationMs } from '../../src/protocol/clock.ts'

test.each([
  ['passes', 1_000, 1_250, 250],
  ['stands still', 1_000, 1_000, 0],
  ['was set back by an hour', 3_601_000, 1_000, 0],
])('a duration on a clock that %s', (_, fromMs, toMs, expected) => {
  expect(durationMs(fromMs, toMs)).toBe(expected)
})
