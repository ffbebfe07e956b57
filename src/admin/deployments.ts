/** Every node × profile with its gates, and the switch that takes one out of rotation and back. */
import * as z from 'zod'
import { runbookOf } from '../fleet/blockers.ts'
import { pageOfFleet } from '../fleet/fleet-page.ts'
import type { Breaker, ObservedBenchmark } from '../fleet/node.ts'
import { type FleetRow, type JudgedProfile, judgeNode } from '../fleet/pool.ts'
import { isoTime } from '../http/iso-time.ts'
import { NodeId, ProfileId } from '../protocol/ids.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { stateOf } from '../routing/breaker.ts'
import type { BreakerReset } from '../routing/ports.ts'
import { type NodeDeps, unknownCursor } from './nodes.ts'
import { pageFields, toList } from './page.ts'

export type DeploymentDeps = NodeDeps & { readonly breakers: BreakerReset }

export const DeploymentQuery = z.strictObject(pageFields)

export const DeploymentName = z.strictObject({ node_id: NodeId, profile_id: ProfileId })

export async function listDeployments(
  { fleet, catalogue, nowMs }: NodeDeps,
  { limit, after }: z.infer<typeof DeploymentQuery>,
): Promise<Result<object>> {
  const [models, { grace }] = await Promise.all([catalogue.listModels(), fleet.readFleetState()])
  const moment = { nowMs: nowMs(), grace }
  const judge = (row: FleetRow) => judgeNode(row, models, moment)
  const page = await pageOfFleet(fleet.rows(), { limit, after }, judge)
  return page ? ok(toList(page, (one) => toWireDeployment(one, moment.nowMs))) : unknownCursor()
}

/** Enabling closes the breaker as well: the operator knows better than what failed. */
export async function switchDeployment(
  { fleet, breakers, catalogue, nowMs, recompute }: DeploymentDeps,
  { node_id: nodeId, profile_id: profileId }: z.infer<typeof DeploymentName>,
  to: 'disabled' | 'enabled',
): Promise<Result<object>> {
  const row = await fleet.readRow(nodeId)
  if (!row) return refuse('node_not_found', { param: 'node_id' })
  if (!row.profiles.some((profile) => profile.profileId === profileId)) {
    return refuse('not_found', { param: 'profile_id', message: 'The node has no such profile.' })
  }
  const change = { nodeId, profileId, isDisabled: to === 'disabled' }
  if (!(await fleet.setProfileDisabled(change))) {
    return refuse('state_conflict', { message: 'The node has never beat: it serves nothing yet.' })
  }
  const breaker = row.hot?.breakers[profileId]
  if (to === 'enabled' && breaker) await breakers.reset({ nodeId, profileId }, breaker)
  await recompute(nodeId)
  const [after, models, { grace }] = await Promise.all([
    fleet.readRow(nodeId),
    catalogue.listModels(),
    fleet.readFleetState(),
  ])
  const moment = { nowMs: nowMs(), grace }
  const judged = judgeNode(after ?? row, models, moment)
  const deployment = judged.find((one) => one.profile.profileId === profileId)
  return deployment ? ok(toWireDeployment(deployment, moment.nowMs)) : refuse('not_found')
}

function toWireDeployment({ node, hot, profile, eligibility }: JudgedProfile, nowMs: number) {
  const breaker = hot?.breakers[profile.profileId]
  const { benchmark, benchmarkRuns, liveSpeed, spotChecks } = profile
  return {
    object: 'deployment',
    node_id: node.nodeId,
    alias: node.alias,
    owner_id: node.ownerId,
    node_status: node.status,
    ...eligibility,
    runbooks: Object.fromEntries(eligibility.blockers.map(({ code }) => [code, runbookOf(code)])),
    runtime_id: profile.runtimeId,
    runtime_kind: profile.runtimeKind,
    route_tier: profile.routeTier,
    trust_tier: node.trustTier,
    artifact_digest: profile.artifactDigest,
    context_length: profile.contextLength,
    install_status: profile.installStatus,
    breaker: breaker ? toWireBreaker(breaker, nowMs) : null,
    observed_benchmark: benchmark ? toWireBenchmark(benchmark) : null,
    live_speed: liveSpeed
      ? {
          benchmark_id: liveSpeed.benchmarkId,
          requests: liveSpeed.requests,
          tokens_per_second_p50: liveSpeed.tokensPerSecondP50,
        }
      : null,
    spot_checks: spotChecks
      ? {
          passed: spotChecks.passed,
          failed: spotChecks.failed,
          condemned_at: spotChecks.condemned ? isoTime(spotChecks.condemned.atMs) : null,
        }
      : null,
    benchmark_runs: benchmarkRuns
      ? {
          started_at: benchmarkRuns.startedAtMs.map(isoTime),
          tried_at: isoTime(benchmarkRuns.triedAtMs),
          leased_until: benchmarkRuns.leaseUntilMs > 0 ? isoTime(benchmarkRuns.leaseUntilMs) : null,
        }
      : null,
  }
}

const toWireBreaker = (breaker: Breaker, nowMs: number) => ({
  state: stateOf(breaker, nowMs),
  failures: breaker.failures,
  open_until: breaker.opens > 0 ? isoTime(breaker.openUntilMs) : null,
  opens: breaker.opens,
})

function toWireBenchmark(benchmark: ObservedBenchmark) {
  const { capabilities } = benchmark
  return {
    id: benchmark.benchmarkId,
    at: isoTime(benchmark.atMs),
    expires_at: isoTime(benchmark.expiresAtMs),
    harness_version: benchmark.harnessVersion,
    artifact_digest: benchmark.artifactDigest,
    runtime_version: benchmark.runtimeVersion,
    facts_digest: benchmark.factsDigest,
    route_kind: benchmark.routeKind,
    is_paid: benchmark.isPaid,
    samples: benchmark.samples,
    first_content_p50_ms: benchmark.firstContentP50Ms,
    first_content_p95_ms: benchmark.firstContentP95Ms,
    prefill_tokens_per_second: benchmark.prefillTokensPerSecond,
    tokens_per_second_p50: benchmark.tokensPerSecondP50,
    tokens_per_second_p5: benchmark.tokensPerSecondP5,
    concurrency_at_target: benchmark.concurrencyAtTarget,
    error_rate: benchmark.errorRate,
    count_ratio: benchmark.countRatio,
    capabilities: {
      streaming: capabilities.streaming,
      usage: capabilities.usage,
      stop: capabilities.stop,
      abort: capabilities.abort,
      tools: capabilities.tools,
      json_schema: capabilities.jsonSchema,
      logprobs: capabilities.logprobs,
      context_tokens: capabilities.contextTokens,
    },
    flags: benchmark.flags,
  }
}
