import { describe, expect, it } from 'vitest'
import {
  type Progress,
  type ProgressSeen,
  progressAfter,
} from '../../../../apps/host/runtimes/progress.ts'

type Sight = readonly [second: number, ProgressSeen]

/** For how long no token came, after what was seen at each second. */
function stalledAfter(seen: readonly Sight[]) {
  return seen.reduce<Progress | undefined>(
    (before, [second, facts]) => progressAfter(before, facts, second * 1_000),
    undefined,
  )?.stalledMs
}

const at = (running: number, marks?: readonly number[], relayedSecond?: number): ProgressSeen => ({
  running,
  marks,
  relayedAtMs: relayedSecond === undefined ? undefined : relayedSecond * 1_000,
})

describe('the time since the last token', () => {
  it.each<[string, number | undefined, Sight[]]>([
    ['counts from the first look', 0, [[9, at(1, [5])]]],
    [
      'grows while the counters stand',
      20_000,
      [
        [0, at(1, [5])],
        [10, at(1, [5])],
        [20, at(1, [5])],
      ],
    ],
    [
      'starts again when one moves',
      10_000,
      [
        [0, at(1, [5, 1])],
        [10, at(1, [5, 2])],
        [20, at(1, [5, 2])],
      ],
    ],
    [
      'starts again when a counter is reset',
      0,
      [
        [0, at(1, [5])],
        [10, at(1, [0])],
      ],
    ],
    [
      'starts with the work, not with the rest before it',
      10_000,
      [
        [0, at(0, [5])],
        [50, at(0, [5])],
        [60, at(1, [5])],
      ],
    ],
    [
      'is none while nothing runs',
      undefined,
      [
        [0, at(1, [5])],
        [50, at(0, [5])],
      ],
    ],
    [
      'is none where nothing would tell',
      undefined,
      [
        [0, at(1)],
        [50, at(1)],
      ],
    ],
    [
      'counts from the last relayed chunk',
      10_000,
      [
        [0, at(1)],
        [50, at(1, undefined, 40)],
      ],
    ],
    [
      'takes the later of both',
      5_000,
      [
        [0, at(1, [5])],
        [50, at(1, [5], 45)],
      ],
    ],
    [
      'outlives a scrape that failed',
      50_000,
      [
        [0, at(1, [5])],
        [20, at(1)],
        [50, at(1, [5])],
      ],
    ],
  ])('%s', (_, expected, seen) => {
    expect(stalledAfter(seen)).toBe(expected)
  })
})
