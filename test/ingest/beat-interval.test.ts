import { describe, expect, test } from 'vitest'
import { syntheticOwnerId } from '../../src/fleet/synthetic.ts'
import { deployedBeatIntervals, nextBeatMs, silenceMsMax } from '../../src/ingest/beat-interval.ts'

const intervalOf = (
  node: { mode: 'network' | 'managed' | 'local'; ownerId?: string },
  of: number,
) => nextBeatMs(deployedBeatIntervals, { ownerId: 'owner-1', ...node }, of)

describe('the interval between two beats', () => {
  test.each([
    ['network', 0, 15_000],
    ['network', 3_000, 15_000],
    ['network', 3_001, 15_005],
    ['network', 5_000, 25_000],
    ['network', 6_000, 30_000],
    ['network', 1_000_000, 30_000],
    ['managed', 0, 60_000],
    ['managed', 12_000, 60_000],
    ['managed', 14_000, 70_000],
    ['managed', 1_000_000, 75_000],
    ['local', 100, 60_000],
  ] as const)('of a node in mode %s among %i is %i ms', (mode, activeNodes, intervalMs) => {
    expect(intervalOf({ mode }, activeNodes)).toBe(intervalMs)
  })

  test('of our own node is that of those it speaks for', () => {
    expect(intervalOf({ mode: 'managed', ownerId: syntheticOwnerId }, 0)).toBe(15_000)
  })

  test('leaves room for a lost beat and its jitter, however large the fleet', () => {
    for (const mode of ['network', 'managed'] as const) {
      const intervalMs = intervalOf({ mode }, Number.MAX_SAFE_INTEGER)
      expect(intervalMs * 2).toBeLessThanOrEqual(silenceMsMax({ mode, ownerId: 'owner-1' }))
    }
  })
})
