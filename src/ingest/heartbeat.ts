/**
 * One beat: one read, one write, and an answer that says whether each profile earns and, if not,
 * why. Waiting nodes may beat too, so that their owners see what they wait for.
 */
import type { PricedModel } from '../catalogue/model.ts'
import type { Moment } from '../fleet/gates.ts'
import { freshMsMax, type HotItem, type NodeFacts, offlineMs } from '../fleet/node.ts'
import { judgeNode } from '../fleet/pool.ts'
import type { Beat, FleetStore, Recompute } from '../fleet/ports.ts'
import { steadinessAfter } from '../fleet/steadiness.ts'
import { parseJson } from '../http/read-json.ts'
import { Heartbeat, type HeartbeatReply } from '../protocol/heartbeat.ts'
import {
  clockSkewMaxMs,
  clockWarningMs,
  type SignedHttpRequest,
} from '../protocol/http-signature.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { type BeatIntervals, nextBeatMs } from './beat-interval.ts'
import { profilesBasisOf } from './node-profiles.ts'
import { type AuthenticateDeps, authenticate, clockSkew } from './signed-request.ts'
import { mayServe } from './standing.ts'

export type HeartbeatDeps = AuthenticateDeps & {
  readonly fleet: Pick<
    FleetStore,
    'readRow' | 'recordBeat' | 'changeOffer' | 'changeStatus' | 'readFleetState'
  >
  /** The catalogue, a few seconds old at most. */
  readonly freshCatalogue: () => Promise<readonly PricedModel[]>
  readonly beatIntervals: BeatIntervals
  readonly recompute: Recompute
}

export async function takeHeartbeat(
  deps: HeartbeatDeps,
  request: SignedHttpRequest,
): Promise<Result<HeartbeatReply>> {
  const caller = await authenticate(deps, request, 'heartbeat')
  if (!caller.ok) return caller
  const parsed = parseJson(request.body, Heartbeat)
  if (!parsed.ok) return parsed
  const beat = parsed.value
  const { row, clockDeltaMs } = caller.value
  if (beat.node_id !== row.node.nodeId) return refuse('invalid_value', { param: 'node_id' })
  const nowMs = deps.nowMs()
  // A sequence number from the future, once stored, would silence the node until then.
  if (beat.seq - nowMs > clockSkewMaxMs) return clockSkew(nowMs, nowMs - beat.seq)
  const { grace } = await deps.fleet.readFleetState()
  const recorded = await deps.fleet.recordBeat(toBeat(beat, row.hot, { nowMs, grace }))
  if (recorded.kind === 'seq_replay') {
    return refuse('seq_replay', { detail: { last_seq: recorded.lastSeq } })
  }
  const { hot } = recorded
  const node = await followBeat(deps, row.node, beat)
  const catalogue = await deps.freshCatalogue()
  const judged = judgeNode({ ...row, node, hot }, catalogue, { nowMs, grace })
  const isKnown = node.profilesBasis === profilesBasisOf({ node, hot, catalogue })
  return ok({
    ok: true,
    server_time_ms: nowMs,
    next_in_ms: nextBeatMs(deps.beatIntervals, node.mode),
    ttl_ms: node.mode === 'network' ? freshMsMax : offlineMs,
    need: isKnown ? [] : ['inventory'],
    route_epoch: node.route.epoch,
    desired_agent_version: null,
    jobs: [],
    eligibility: judged.map(({ eligibility }) => eligibility),
    warnings: Math.abs(clockDeltaMs) >= clockWarningMs ? ['clock_skew'] : [],
  })
}

/** What a beat changes beside the hot item, seldom: the mode its owner chose, and its first beat. */
async function followBeat(
  deps: HeartbeatDeps,
  node: NodeFacts,
  { mode }: Heartbeat,
): Promise<NodeFacts> {
  const { nodeId, route } = node
  const isActivated =
    node.status === 'approved' &&
    (await deps.fleet.changeStatus({ nodeId, from: ['approved'], to: 'active' }))
  const isModeChanged =
    node.mode !== mode &&
    (await deps.fleet.changeOffer({ nodeId, fromEpoch: route.epoch, mode, route }))
  if (isModeChanged && mayServe(node)) await deps.recompute()
  return {
    ...node,
    ...(isActivated ? { status: 'active' } : {}),
    ...(isModeChanged ? { mode } : {}),
  }
}

function toBeat(beat: Heartbeat, hot: HotItem | undefined, { nowMs, grace }: Moment): Beat {
  const queues = beat.runtimes.map(({ id, kind, version, reachable, queue }) => {
    return [id, { health: queue.health, reachable, kind, version }] as const
  })
  return {
    nodeId: beat.node_id,
    seq: beat.seq,
    bootId: beat.boot_id,
    beatAtMs: nowMs,
    state: beat.state,
    paidEnabled: beat.owner_limits.paid_enabled,
    inventoryDigest: beat.inventory_digest,
    factsDigest: beat.facts_digest,
    steadiness: steadinessAfter(hot, nowMs, grace),
    formerBoot:
      hot === undefined || hot.bootId === beat.boot_id
        ? hot?.formerBoot
        : { bootId: hot.bootId, replacedAtMs: nowMs },
    queues: Object.fromEntries(queues),
  }
}
