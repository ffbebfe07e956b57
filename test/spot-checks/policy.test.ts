import { describe, expect, test } from 'vitest'
import { foldSpeeds } from '../../src/fleet/live-speed.ts'
import type { LiveSpeed, SpotCheckFact } from '../../src/fleet/node.ts'
import type { TrustTier } from '../../src/protocol/catalogue.ts'
import { dayMs } from '../../src/protocol/clock.ts'
import type { Comparison } from '../../src/spot-checks/compare.ts'
import {
  alertRequests,
  checksPerRunMax,
  dueChecks,
  factAfter,
  factCleared,
  samplingAfter,
  samplingFor,
} from '../../src/spot-checks/policy.ts'
import { digest } from '../adapters/dynamodb/facts.ts'
import { aSampling } from './facts.ts'

const nowMs = 1_795_000_000_000
const hourMs = 3_600_000
const live = (requests: number, benchmarkId = 'b1'): LiveSpeed => ({
  benchmarkId,
  requests,
  tokensPerSecondP50: 50,
})
const sampling = aSampling({
  counted: { benchmarkId: 'b1', requests: 100 },
  checkedAtMs: nowMs - 60_000,
})
/** Checks that follow so many new requests, over every roll of the die. */
const meanChecks = (tier: TrustTier, requests: number, changes: object = {}) => {
  const rolls = Array.from({ length: 1_000 }, (_, index) => index / 1_000)
  const profile = { tier, liveSpeed: live(100 + requests), failedAtMs: undefined }
  const before = { ...sampling, ...changes }
  const counts = rolls.map(
    (roll) => dueChecks(before, profile, { nowMs, random: () => roll }).checks,
  )
  return counts.reduce((sum, count) => sum + count, 0) / rolls.length
}

describe('of new requests', () => {
  test.each([
    ['T0', 10, 1],
    ['T0', 1, 0.1],
    ['T1', 100, 3],
    ['T1', 10, 0.3],
    ['T2', 100, 1],
    ['T3', 500, 1],
    ['T3', 50, 0.1],
  ] as const)('%s: %i are followed by %d checks on average', (tier, requests, checks) => {
    expect(meanChecks(tier, requests)).toBeCloseTo(checks, 2)
  })

  test('each is counted once, and the count begins anew with a benchmark', () => {
    const profile = { tier: 'T1', liveSpeed: live(130), failedAtMs: undefined } as const
    const moment = { nowMs, random: () => 0 }
    const first = dueChecks(sampling, profile, moment)
    expect(first.sampling.counted).toEqual({ benchmarkId: 'b1', requests: 130 })
    expect(dueChecks(first.sampling, profile, { nowMs, random: () => 0.99 }).checks).toBe(0)
    const renewed = dueChecks(
      first.sampling,
      { tier: 'T0', liveSpeed: live(20, 'b2'), failedAtMs: undefined },
      moment,
    )
    expect(renewed).toMatchObject({ checks: 2, sampling: { counted: { requests: 20 } } })
  })

  test('each is counted also where the live speed has forgotten hundreds', () => {
    const benchmark = { benchmarkId: 'b1', tokensPerSecondP50: 50 }
    let liveSpeed: LiveSpeed | undefined
    let before = sampling
    const fresh: number[] = []
    for (let page = 0; page < 30; page += 1) {
      const tokensPerSecond = Array.from({ length: 40 }, () => 50)
      liveSpeed = foldSpeeds(liveSpeed, benchmark, { pageId: `page ${page}`, tokensPerSecond })
      const profile = { tier: 'T0', liveSpeed, failedAtMs: undefined } as const
      const due = dueChecks(before, profile, { nowMs, random: () => 0 })
      before = due.sampling
      fresh.push(due.checks)
    }
    // The first hundred were counted before; of each forty since, one in ten is followed by a check.
    expect(fresh.slice(3)).toEqual(Array.from({ length: 27 }, () => 4))
    expect(before.counted.requests).toBe(1_200)
  })

  test('however many there are, one run makes four checks at most', () => {
    expect(meanChecks('T0', 100_000)).toBe(checksPerRunMax)
  })

  test('after a failure a hundred are sampled at one in five, whatever the tier', () => {
    expect(meanChecks('T3', 10, { alertRequests })).toBeCloseTo(2, 2)
    const due = dueChecks(
      { ...sampling, alertRequests: 4 },
      { tier: 'T3', liveSpeed: live(110), failedAtMs: undefined },
      { nowMs, random: () => 0 },
    )
    expect(due.sampling.alertRequests).toBe(0)
  })
})

describe('without new requests', () => {
  const quiet = (tier: TrustTier, sinceMs: number, changes: object = {}) =>
    dueChecks(
      { ...sampling, checkedAtMs: nowMs - sinceMs, ...changes },
      { tier, liveSpeed: undefined, failedAtMs: undefined },
      { nowMs, random: () => 0 },
    ).checks

  test.each([
    ['T0', hourMs, 1],
    ['T0', hourMs - 1, 0],
    ['T1', hourMs, 0],
    ['T1', dayMs, 1],
    ['T3', dayMs - 1, 0],
    ['T3', dayMs, 1],
  ] as const)('%s after %i ms: %i', (tier, sinceMs, checks) => {
    expect(quiet(tier, sinceMs)).toBe(checks)
  })

  test('a profile under alert is looked at every hour', () => {
    expect(quiet('T2', hourMs, { alertRequests: 1 })).toBe(1)
  })

  test('a failure is looked into every two minutes, for ten', () => {
    const checksAt = (sinceFailureMs: number, sinceCheckMs: number) =>
      dueChecks(
        { ...sampling, checkedAtMs: nowMs - sinceCheckMs },
        { tier: 'T2', liveSpeed: undefined, failedAtMs: nowMs - sinceFailureMs },
        { nowMs, random: () => 0 },
      ).checks
    expect([checksAt(120_000, 120_000), checksAt(120_000, 119_999)]).toEqual([1, 0])
    expect(checksAt(10 * 60_000, 5 * 60_000)).toBe(0)
  })

  test('a check may come up to a third sooner, so that no clock tells it', () => {
    const at = (roll: number, sinceMs: number) =>
      dueChecks(
        { ...sampling, checkedAtMs: nowMs - sinceMs },
        { tier: 'T0', liveSpeed: undefined, failedAtMs: undefined },
        { nowMs, random: () => roll },
      ).checks
    expect(at(0.99, 41 * 60_000)).toBe(1)
    expect(at(0.99, 39 * 60_000)).toBe(0)
  })

  test('the first check is due at once', () => {
    expect(quiet('T3', nowMs)).toBe(1)
  })
})

describe('what failures come to', () => {
  const passes: Comparison = { kind: 'pass', sharedTokens: 5, meanDelta: 0 }
  const fails: Comparison = { kind: 'fail', sharedTokens: 5, meanDelta: 1 }
  const unknown: Comparison = { kind: 'inconclusive' }
  /** Checks `[hours, prompt, comparison]` in order. */
  const factOf = (...checks: readonly (readonly [number, string, Comparison])[]) =>
    checks.reduce<SpotCheckFact | undefined>(
      (fact, [hours, promptId, comparison]) =>
        factAfter(fact, {
          atMs: nowMs + hours * hourMs,
          promptId,
          artifactDigest: digest,
          comparison,
        }),
      undefined,
    )

  test.each([
    ['a pass', [[0, 'a', passes]], false],
    ['one failure', [[0, 'a', fails]], false],
    [
      'two failures on two prompts',
      [
        [0, 'a', fails],
        [1, 'b', fails],
      ],
      true,
    ],
    [
      'with a pass in between',
      [
        [0, 'a', fails],
        [1, 'c', passes],
        [2, 'b', fails],
      ],
      true,
    ],
    [
      'two on one prompt',
      [
        [0, 'a', fails],
        [1, 'a', fails],
      ],
      false,
    ],
    [
      'a day apart',
      [
        [0, 'a', fails],
        [24, 'b', fails],
      ],
      false,
    ],
    [
      'the last two within a day',
      [
        [0, 'a', fails],
        [23, 'b', fails],
      ],
      true,
    ],
    [
      'two that showed nothing',
      [
        [0, 'a', unknown],
        [1, 'b', unknown],
      ],
      false,
    ],
    [
      'one failure and one that showed nothing',
      [
        [0, 'a', fails],
        [1, 'b', unknown],
      ],
      false,
    ],
  ] as const)('%s', (_, checks, isCondemned) => {
    const condemned = factOf(...checks)?.condemned
    expect(condemned !== undefined).toBe(isCondemned)
    if (condemned) expect(condemned.artifactDigest).toBe(digest)
  })

  test('a verdict stays until an operator lifts it', () => {
    const fact = factOf([0, 'a', fails], [1, 'b', fails], [48, 'c', passes])
    expect(fact?.condemned?.atMs).toBe(nowMs + hourMs)
    expect(fact && factCleared(fact)).toEqual({
      passed: 1,
      failed: 2,
      failures: [],
      condemned: undefined,
    })
  })

  test('a failure raises the sampling, and every prompt is remembered as asked', () => {
    const check = { atMs: nowMs, promptId: 'a', artifactDigest: digest }
    const failed = samplingAfter(sampling, { ...check, comparison: fails })
    expect(failed).toMatchObject({ alertRequests, checkedAtMs: nowMs, askedPromptIds: ['a'] })
    const shownNothing = samplingAfter(sampling, { ...check, comparison: unknown })
    expect(shownNothing).toMatchObject({ alertRequests: 0, inconclusive: 1 })
  })

  test('another build starts with a clean record, and with the requests that were counted', () => {
    const stained = { ...sampling, alertRequests: 50, askedPromptIds: ['a'] }
    const other = `sha256:${'9'.repeat(64)}`
    expect(samplingFor(stained, other)).toMatchObject({
      artifactDigest: other,
      alertRequests: 0,
      askedPromptIds: [],
      counted: sampling.counted,
    })
    expect(samplingFor(stained, digest)).toBe(stained)
  })
})
