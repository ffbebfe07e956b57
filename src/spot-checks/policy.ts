/**
 * How often a profile is checked, and what its failures come to. Newcomers are checked most; a failure is
 * at first only a reason to look again, and two on different prompts within a day are the verdict.
 */
import { requestsEver } from '../fleet/live-speed.ts'
import type { LiveSpeed, SpotCheckFact } from '../fleet/node.ts'
import type { TrustTier } from '../protocol/catalogue.ts'
import { dayMs, type Random } from '../protocol/clock.ts'
import type { Comparison } from './compare.ts'

/** What is remembered of one profile between two runs. */
export type Sampling = {
  /** The build that the failures on record are of. */
  readonly artifactDigest: string
  /** Customers' requests that were counted already; the count begins anew with each benchmark. */
  readonly counted: { readonly benchmarkId: string; readonly requests: number }
  /** Requests that are still sampled as after a failure. */
  readonly alertRequests: number
  /** 0 before the first. */
  readonly checkedAtMs: number
  /** Checks that showed no log-probabilities; they pass no judgement and are for the operator to see. */
  readonly inconclusive: number
  /** Prompts that this profile has seen, oldest first: none is asked twice. */
  readonly askedPromptIds: readonly string[]
}

/** Of a profile's requests, how many are followed by a check. */
export const samplingRate: Readonly<Record<TrustTier, number>> = {
  T0: 0.1,
  T1: 0.03,
  T2: 0.01,
  T3: 0.002,
}
export const alertRate = 0.2
export const alertRequests = 100
const hourMs = 60 * 60_000
/** A failure is looked into at once, traffic or not: a few more checks, and it is a verdict or nothing. */
const inquiry = { lastsMs: 10 * 60_000, everyMs: 2 * 60_000 }
/** Without any traffic: a newcomer is looked at every hour, and nobody goes unseen for a day. */
function quietMs(tier: TrustTier, isAlert: boolean, sinceFailureMs: number): number {
  if (sinceFailureMs < inquiry.lastsMs) return inquiry.everyMs
  return tier === 'T0' || isAlert ? hourMs : dayMs
}
/** Checks come up to a third sooner, so that the clock does not give them away. */
const jitter = 1 / 3
/** Of one profile in one run: a burst of traffic is sampled less than its tier has it. */
export const checksPerRunMax = 4
const askedKept = 256
const verdictFailures = 2

export function newSampling(artifactDigest: string): Sampling {
  return {
    artifactDigest,
    counted: { benchmarkId: '', requests: 0 },
    alertRequests: 0,
    checkedAtMs: 0,
    inconclusive: 0,
    askedPromptIds: [],
  }
}

export type Due = { readonly checks: number; readonly sampling: Sampling }

/** How many checks are due now, and the sampling with the new requests counted. */
export function dueChecks(
  before: Sampling,
  profile: {
    readonly tier: TrustTier
    readonly liveSpeed: LiveSpeed | undefined
    readonly failedAtMs: number | undefined
  },
  { nowMs, random }: { readonly nowMs: number; readonly random: Random },
): Due {
  const fresh = newRequests(before, profile.liveSpeed)
  const alert = Math.min(fresh, before.alertRequests)
  const expected = alert * alertRate + (fresh - alert) * samplingRate[profile.tier]
  // Rounded at random, so that the mean is exact however few requests there were.
  const sampled = Math.floor(expected + random())
  const sinceFailureMs = nowMs - (profile.failedAtMs ?? 0)
  const quiet = quietMs(profile.tier, before.alertRequests > 0, sinceFailureMs)
  const isQuiet = nowMs - before.checkedAtMs >= quiet * (1 - jitter * random())
  const { liveSpeed } = profile
  const counted = liveSpeed
    ? { benchmarkId: liveSpeed.benchmarkId, requests: requestsEver(liveSpeed) }
    : before.counted
  return {
    checks: Math.min(checksPerRunMax, Math.max(sampled, isQuiet ? 1 : 0)),
    sampling: {
      ...before,
      counted,
      alertRequests: before.alertRequests - alert,
    },
  }
}

function newRequests({ counted }: Sampling, live: LiveSpeed | undefined): number {
  if (!live) return 0
  const from = live.benchmarkId === counted.benchmarkId ? counted.requests : 0
  return Math.max(0, requestsEver(live) - from)
}

/** Another build has another record. */
export function samplingFor(stored: Sampling | undefined, artifactDigest: string): Sampling {
  if (stored?.artifactDigest === artifactDigest) return stored
  return stored
    ? { ...newSampling(artifactDigest), counted: stored.counted }
    : newSampling(artifactDigest)
}

export type Check = {
  readonly atMs: number
  readonly promptId: string
  readonly artifactDigest: string
  readonly comparison: Comparison
}

export function samplingAfter(before: Sampling, check: Check): Sampling {
  const { comparison } = check
  return {
    ...before,
    checkedAtMs: check.atMs,
    askedPromptIds: [...before.askedPromptIds, check.promptId].slice(-askedKept),
    inconclusive: before.inconclusive + (comparison.kind === 'inconclusive' ? 1 : 0),
    alertRequests: comparison.kind === 'fail' ? alertRequests : before.alertRequests,
  }
}

const noFact: SpotCheckFact = { passed: 0, failed: 0, failures: [], condemned: undefined }

/** `before` is of the same build; an inconclusive check changes nothing. */
export function factAfter(before: SpotCheckFact | undefined, check: Check): SpotCheckFact {
  const fact = before ?? noFact
  const { comparison, atMs, promptId, artifactDigest } = check
  if (comparison.kind === 'inconclusive') return fact
  if (comparison.kind === 'pass') return { ...fact, passed: fact.passed + 1 }
  const failures = [...fact.failures.filter((one) => one.promptId !== promptId), { atMs, promptId }]
    .filter((one) => atMs - one.atMs < dayMs)
    .slice(-verdictFailures)
  const isVerdict = failures.length >= verdictFailures
  return {
    ...fact,
    failed: fact.failed + 1,
    failures,
    condemned: isVerdict ? { atMs, artifactDigest } : fact.condemned,
  }
}

/** Sampled as after a failure. */
export const samplingAlert = (sampling: Sampling): Sampling => ({ ...sampling, alertRequests })

/** The operator's word: the counts stay, the failures and the verdict go. */
export const factCleared = (fact: SpotCheckFact): SpotCheckFact => ({
  ...fact,
  failures: [],
  condemned: undefined,
})
