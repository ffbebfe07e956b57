/**
 * One profile's turn: whether checks are due, and each of them from the prompt to the record. Failures and
 * verdicts are written together with what was asked, so that a repeated run finds nothing half-done.
 */
import type { PricedModel } from '../catalogue/model.ts'
import type { Grace, SpotCheckFact } from '../fleet/node.ts'
import { type JudgedProfile, toCandidate } from '../fleet/pool.ts'
import type { CustomerKey } from '../keys/api-key.ts'
import { isRefusalToPay, keysAfter } from '../keys/platform-keys.ts'
import type { NowMs, Random } from '../protocol/clock.ts'
import { compareFirstTokens, firstTokenOf } from './compare.ts'
import {
  type Check,
  dueChecks,
  factAfter,
  type Sampling,
  samplingAfter,
  samplingFor,
} from './policy.ts'
import type { AskOneHost, SpotCheckStore, StoredSampling } from './ports.ts'
import { promptIdOf, type Reference, type TrustedReading } from './reference.ts'
import { ordinaryRequest } from './wording.ts'

export type CheckDeps = {
  readonly store: Pick<SpotCheckStore, 'writeSampling'>
  readonly ask: AskOneHost
  /** Tells whoever keeps reputations; must not throw. */
  readonly onJudged: (judged: {
    readonly nodeId: string
    readonly atMs: number
    readonly hasPassed: boolean
  }) => Promise<void>
  readonly nowMs: NowMs
  readonly random: Random
}

/** What came of the checks of a run. */
export type Tally = {
  passed: number
  failed: number
  inconclusive: number
  /** The host did not serve the request: that is a matter of delivery, not of integrity. */
  unanswered: number
  /** No trusted runner was read for this build, runtime and version. */
  withoutReference: number
  /** Every prompt of the reference was asked already: it is time for a new one. */
  withoutPrompt: number
  /** The platform's account is missing or empty: nothing is ever asked unpaid. */
  withoutFunds: number
  condemned: number
}

export const newTally = (): Tally => ({
  passed: 0,
  failed: 0,
  inconclusive: 0,
  unanswered: 0,
  withoutReference: 0,
  withoutPrompt: 0,
  withoutFunds: 0,
  condemned: 0,
})

/** What the turns of one run share; `left` and `tally` change as they go. */
export type Round = {
  readonly models: readonly PricedModel[]
  readonly grace: Grace | undefined
  /** Of the platform's account, those that may still pay. */
  keys: readonly CustomerKey[]
  readonly tally: Tally
  /** Checks that may still be asked. */
  left: number
  /** Once it is, nothing more is asked: the run ends before its lease does. */
  readonly isOver: () => boolean
}

type Turn = { readonly deps: CheckDeps; readonly round: Round; readonly judged: JudgedProfile }

type Recorded = {
  readonly sampling: Sampling
  readonly version: number
  readonly fact: SpotCheckFact | undefined
}

/** `readReference` is asked only when a check is due. */
export async function checkProfile(
  turn: Turn,
  stored: StoredSampling | undefined,
  readReference: () => Promise<Reference | undefined>,
): Promise<void> {
  const { deps, round, judged } = turn
  const { profile, node } = judged
  const before = samplingFor(stored?.sampling, profile.artifactDigest)
  const version = stored?.version ?? 0
  const facts = {
    tier: node.trustTier,
    liveSpeed: profile.liveSpeed,
    failedAtMs: profile.spotChecks?.failures.at(-1)?.atMs,
  }
  const due = dueChecks(before, facts, { nowMs: deps.nowMs(), random: deps.random })
  const reference = due.checks > 0 ? await readReference() : undefined
  if (due.checks > 0 && !reference) round.tally.withoutReference += 1
  if (!reference) {
    if (due.sampling.counted.requests === before.counted.requests) return
    await deps.store.writeSampling(profile, { sampling: due.sampling, fromVersion: version })
    return
  }
  const isSameBuild = stored?.sampling.artifactDigest === profile.artifactDigest
  let record: Recorded | undefined = {
    sampling: due.sampling,
    version,
    fact: isSameBuild ? profile.spotChecks : undefined,
  }
  for (let check = 0; record && check < due.checks && !round.isOver(); check += 1) {
    record = await checkOnce(turn, reference, record)
    if (record?.fact?.condemned) return
  }
}

/** Undefined when nothing more can be asked of this profile now. */
async function checkOnce(
  turn: Turn,
  reference: Reference,
  record: Recorded,
): Promise<Recorded | undefined> {
  const { deps, round, judged } = turn
  const { tally } = round
  const { nodeId, artifactDigest } = judged.profile
  const reading = unasked(reference, record.sampling, deps.random)
  if (!reading) {
    tally.withoutPrompt += 1
    return undefined
  }
  const answer = await askPaid(turn, reading)
  if (answer.kind !== 'answered') {
    tally[answer.kind] += 1
    return undefined
  }
  const comparison = compareFirstTokens(reading.top, firstTokenOf(answer.logprobs), reference.tau)
  const promptId = promptIdOf(reading.messages)
  const check: Check = { atMs: deps.nowMs(), promptId, artifactDigest, comparison }
  const sampling = samplingAfter(record.sampling, check)
  const fact = factAfter(record.fact, check)
  const change = { sampling, fromVersion: record.version, fact }
  if (!(await deps.store.writeSampling(judged.profile, change))) return undefined
  tally[countOf[comparison.kind]] += 1
  if (fact.condemned) tally.condemned += 1
  if (comparison.kind !== 'inconclusive') {
    await deps.onJudged({ nodeId, atMs: check.atMs, hasPassed: comparison.kind === 'pass' })
  }
  return { sampling, fact, version: record.version + 1 }
}

const countOf = { pass: 'passed', fail: 'failed', inconclusive: 'inconclusive' } as const

/** By one key of several, so that checks do not all come from one customer. */
async function askPaid({ deps, round, judged }: Turn, reading: TrustedReading) {
  const key = round.keys[Math.floor(deps.random() * round.keys.length)]
  if (!key) return { kind: 'withoutFunds' } as const
  const model = round.models.find(({ id }) => id === judged.profile.model)
  const candidate = toCandidate(judged)
  if (!model || !candidate) return { kind: 'unanswered' } as const
  round.left -= 1
  const { messages } = reading
  const request = ordinaryRequest(model, messages, candidate.runtimeKind, deps.random)
  const answer = await deps.ask({ request, key, model, candidate, grace: round.grace })
  if (answer.kind === 'answered') return answer
  round.keys = keysAfter(round.keys, { key, code: answer.code })
  return { kind: isRefusalToPay(answer.code) ? 'withoutFunds' : 'unanswered' } as const
}

function unasked(
  reference: Reference,
  { askedPromptIds }: Sampling,
  random: Random,
): TrustedReading | undefined {
  const asked = new Set(askedPromptIds)
  const left = reference.readings.filter(({ messages }) => !asked.has(promptIdOf(messages)))
  return left[Math.floor(random() * left.length)]
}
