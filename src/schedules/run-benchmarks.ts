/**
 * The observed benchmark, in its short form: ordinary dispatches through the public route, clocked on
 * our side. What a host says of its own speed is never evidence.
 */
import { type PricedModel, profileByDigest } from '../catalogue/model.ts'
import { type AttemptDeps, startAttempt } from '../dispatch/attempt.ts'
import { hostBody } from '../dispatch/host-body.ts'
import { median } from '../fleet/median.ts'
import type { NodeProfile, ObservedBenchmark } from '../fleet/node.ts'
import { type Candidate, candidateWith, type FleetRow, judgeNode } from '../fleet/pool.ts'
import type { CatalogueStore, FleetStore } from '../fleet/ports.ts'
import { countTokens } from '../metering/count.ts'
import { domainHash } from '../protocol/canonical.ts'
import { chunkText } from '../protocol/chat-chunk.ts'
import { verifyClaim } from '../protocol/claim.ts'
import type { Random } from '../protocol/clock.ts'
import { forEachBounded } from './bounded.ts'

export type RunBenchmarksDeps = AttemptDeps & {
  readonly fleet: Pick<FleetStore, 'rows' | 'writeBenchmark'>
  readonly catalogue: Pick<CatalogueStore, 'listModels'>
  readonly random: Random
}

export type RunBenchmarksReport = { readonly run: number; readonly passed: number }

const warmUps = 1
const samples = 3
const maxTokens = 32
const promptWords = 24
const validMs = 7 * 24 * 60 * 60 * 1000
/** A new node has shown little: its evidence is renewed daily. */
const validNewMs = 24 * 60 * 60 * 1000
/** Renewed before it expires, so that an earning profile has no gap. */
const renewBeforeMs = 2 * 60 * 60 * 1000
const sampleTimeoutMs = 60_000
const concurrency = 4
const benchmarkBlockers = new Set(['benchmark_missing', 'benchmark_expired', 'benchmark_void'])

export async function runBenchmarks(deps: RunBenchmarksDeps): Promise<RunBenchmarksReport> {
  const report = { run: 0, passed: 0 }
  const models = await deps.catalogue.listModels()
  await forEachBounded(deps.fleet.rows(), concurrency, async (row) => {
    for (const profile of dueProfiles(row, models, deps.nowMs())) {
      report.run += 1
      const benchmark = await observe(deps, row, profile, models)
      if (!benchmark) continue
      const { nodeId, profileId } = profile
      await deps.fleet.writeBenchmark({ nodeId, profileId }, benchmark)
      report.passed += 1
    }
  })
  return report
}

/** Profiles that lack nothing but evidence, and those whose evidence runs out soon. */
export function dueProfiles(
  row: FleetRow,
  models: readonly PricedModel[],
  nowMs: number,
): NodeProfile[] {
  // A grace is for serving customers on; whoever is silent is not measured.
  return judgeNode(row, models, { nowMs, grace: undefined })
    .filter(({ profile, eligibility }) =>
      eligibility.eligible
        ? (profile.benchmark?.expiresAtMs ?? 0) - nowMs < renewBeforeMs
        : eligibility.blockers.every(({ code }) => benchmarkBlockers.has(code)),
    )
    .map(({ profile }) => profile)
}

/** A profile under measurement has none yet. */
const noEvidence = { benchmarkId: '', firstContentP50Ms: 0, tokensPerSecondP50: 0 }

type Sample = { readonly firstContentMs: number; readonly tokensPerSecond: number }

async function observe(
  deps: RunBenchmarksDeps,
  row: FleetRow,
  profile: NodeProfile,
  models: readonly PricedModel[],
): Promise<ObservedBenchmark | undefined> {
  const approved = profileByDigest(models, profile.artifactDigest)
  const runtimeVersion = row.hot?.queues[profile.runtimeId]?.version
  if (!approved || !row.hot || runtimeVersion === undefined) return undefined
  const candidate = candidateWith(row.node, profile, noEvidence)
  const measured: Sample[] = []
  for (let run = 0; run < warmUps + samples; run += 1) {
    const sample = await measure(deps, candidate, approved)
    if (!sample) return undefined
    if (run >= warmUps) measured.push(sample)
  }
  const atMs = deps.nowMs()
  const evidence = {
    atMs,
    expiresAtMs: atMs + (row.node.trustTier === 'T0' ? validNewMs : validMs),
    artifactDigest: profile.artifactDigest,
    runtimeVersion,
    factsDigest: row.hot.factsDigest,
    routeKind: row.node.route.kind,
    harnessVersion: '1',
    samples,
    firstContentP50Ms: median(measured.map((sample) => sample.firstContentMs)),
    tokensPerSecondP50: median(measured.map((sample) => sample.tokensPerSecond)),
    firstContentP95Ms: Math.max(...measured.map((sample) => sample.firstContentMs)),
    prefillTokensPerSecond: 0,
    tokensPerSecondP5: Math.min(...measured.map((sample) => sample.tokensPerSecond)),
    concurrencyAtTarget: 1,
    errorRate: 0,
    countRatio: null,
    capabilities: {
      usage: false,
      stop: false,
      abort: false,
      tools: false,
      jsonSchema: false,
      logprobs: false,
      contextTokens: 0,
    },
    flags: [],
  }
  const { nodeId, profileId } = profile
  const benchmarkId = domainHash('b3iq:benchmark:v1', { nodeId, profileId, ...evidence })
  return { benchmarkId, ...evidence }
}

/** One dispatch; undefined unless the host finished its answer and signed for it. */
async function measure(
  deps: RunBenchmarksDeps,
  candidate: Candidate,
  { model, manifest }: NonNullable<ReturnType<typeof profileByDigest>>,
): Promise<Sample | undefined> {
  const startedAtMs = deps.nowMs()
  const messages = [{ role: 'user' as const, content: freshPrompt(deps) }]
  const request = { model: model.id, messages, temperature: 0 }
  const attempt = await startAttempt(deps, {
    candidate,
    holdId: deps.ids.ulid(startedAtMs),
    attempt: 1,
    path: '/v1/chat/completions',
    body: hostBody(request, { kind: candidate.runtimeKind, model: model.id, maxTokens }),
    maxTokens,
    choices: 1,
    priceVersion: model.version,
    signal: AbortSignal.timeout(sampleTimeoutMs),
  })
  if (attempt.kind === 'failed') return undefined
  let firstContentAtMs: number | undefined
  let bytes = 0
  let isFinished = false
  let isClaimed = false
  for await (const event of attempt.events) {
    if (event.kind === 'timeout' || event.kind === 'error') return undefined
    if (event.kind === 'claim') {
      const { ticket_hash } = event.claim.claim
      isClaimed =
        ticket_hash === attempt.ticketHash && verifyClaim(event.claim, candidate.publicKey)
    }
    if (event.kind !== 'chunk') continue
    isFinished ||= event.chunk.choices.some((choice) => choice.finish_reason != null)
    const text = chunkText(event.chunk)
    if (text !== '') firstContentAtMs ??= deps.nowMs()
    bytes += Buffer.byteLength(text, 'utf8')
  }
  if (firstContentAtMs === undefined || !isFinished || !isClaimed) return undefined
  const tokens = countTokens({ prompt: 0, completion: bytes }, manifest.bytes_per_token).completion
  const streamedMs = Math.max(1, deps.nowMs() - firstContentAtMs)
  return {
    firstContentMs: firstContentAtMs - startedAtMs,
    tokensPerSecond: (tokens * 1000) / streamedMs,
  }
}

/** A nonce first, so that no prefix cache can answer from an earlier run; a length that varies. */
function freshPrompt({ ids, random }: RunBenchmarksDeps): string {
  const words = Math.round(promptWords * (0.75 + random() * 0.5))
  const filler = Array.from({ length: words }, () => ids.token(3)).join(' ')
  return `${ids.token(16)} ${filler}`
}
