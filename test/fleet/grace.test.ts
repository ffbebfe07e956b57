import { describe, expect, test } from 'vitest'
import { type Beaten, graceFor } from '../../src/fleet/grace.ts'

const nowMs = Date.UTC(2026, 10, 21)
const ago = (seconds: number) => nowMs - seconds * 1_000

const nodes = (
  count: number,
  silentSeconds: number,
  trustTier: Beaten['trustTier'] = 'T1',
): Beaten[] => Array.from({ length: count }, () => ({ trustTier, beatAtMs: ago(silentSeconds) }))

const tenStale = nodes(10, 70)
const synthetic = ago(61)

describe('there is grace', () => {
  test('from when the first of them went stale, for five minutes', () => {
    const fleet = [...nodes(9, 70), ...nodes(1, 75)]
    expect(graceFor(fleet, synthetic, nowMs)).toEqual({ fromMs: ago(15), untilMs: ago(-285) })
  })

  test.each([
    ['for ten nodes of forty-nine', [...tenStale, ...nodes(39, 5)]],
    ['for nodes of every measured tier', [...nodes(5, 70, 'T2'), ...nodes(5, 70, 'T3')]],
    ['though they went stale over a minute', [...nodes(5, 65), ...nodes(5, 125)]],
    ['though T0 nodes beat on', [...tenStale, ...nodes(100, 5, 'T0')]],
    ['though many were offline long before', [...tenStale, ...nodes(100, 151)]],
  ])('%s', (_, fleet) => {
    expect(graceFor(fleet, synthetic, nowMs)).toBeDefined()
  })
})

describe('there is none', () => {
  test.each([
    ['where nine went stale', nodes(9, 70), synthetic],
    [
      'for a fifth of the fleet, which is not more than that',
      [...tenStale, ...nodes(40, 5)],
      synthetic,
    ],
    [
      'where they went stale over more than a minute',
      [...nodes(9, 65), ...nodes(9, 126)],
      synthetic,
    ],
    ['for nodes of tier T0', nodes(50, 70, 'T0'), synthetic],
    ['for nodes that went offline', nodes(50, 151), synthetic],
    ['for nodes that are still fresh', nodes(50, 60), synthetic],
    ['while our own node is heard', tenStale, ago(60)],
    ['where there is no node of our own', tenStale, undefined],
    ['for an empty fleet', [], synthetic],
  ] as const)('%s', (_, fleet, syntheticBeatAtMs) => {
    expect(graceFor(fleet, syntheticBeatAtMs, nowMs)).toBeUndefined()
  })
})
