/**
 * One beat: one query, one write, and an answer that says whether each profile earns and, if not,
 * why. Waiting nodes may beat too, so that their owners see what they wait for.
 */
import type { PricedModel } from '../catalogue/model.ts'
import type { Moment } from '../fleet/gates.ts'
import { mayServe, type NodeFacts } from '../fleet/node.ts'
import { type FleetRow, judgeNode } from '../fleet/pool.ts'
import type { Beat, FleetState, FleetStore, Recompute } from '../fleet/ports.ts'
import { steadinessAfter } from '../fleet/steadiness.ts'
import { isSynthetic } from '../fleet/synthetic.ts'
import { parseJson } from '../http/read-json.ts'
import type { Log } from '../http/surface.ts'
import type { Listener } from '../jobs/offer-jobs.ts'
import { Heartbeat, type HeartbeatReply } from '../protocol/heartbeat.ts'
import {
  clockSkewMaxMs,
  clockWarningMs,
  type SignedHttpRequest,
} from '../protocol/http-signature.ts'
import type { SignedJob } from '../protocol/job.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { type BeatIntervals, nextBeatMs, silenceMsMax } from './beat-interval.ts'
import { formerBootAfter, isFromFormerBoot, suspendCloned } from './cloned-identity.ts'
import { profilesBasisOf } from './node-profiles.ts'
import { type AuthenticateDeps, authenticate, clockSkew } from './signed-request.ts'

export type HeartbeatDeps = AuthenticateDeps & {
  readonly fleet: Pick<FleetStore, 'readRow' | 'recordBeat' | 'changeOffer' | 'changeStatus'>
  /** A few seconds old at most. */
  readonly freshFleetState: () => Promise<FleetState>
  /** The catalogue, a few seconds old at most. */
  readonly freshCatalogue: () => Promise<readonly PricedModel[]>
  /** Signed jobs that wait for a node which has some open, in the order of their numbers. */
  readonly offerJobs: (listener: Listener) => Promise<readonly SignedJob[]>
  readonly beatIntervals: BeatIntervals
  /** The stage's published keys, by their digest. */
  readonly keyList: KeyList
  readonly recompute: Recompute
  readonly log: Log
}

type KeyList = NonNullable<HeartbeatReply['keys']>

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
  if (isFromFormerBoot(beat, row.hot, nowMs)) {
    await suspendCloned(deps, row.node, nowMs)
    return refuse('cloned_identity')
  }
  const { activeNodes, grace } = await deps.freshFleetState()
  const recorded = await deps.fleet.recordBeat(toBeat(beat, row, { nowMs, grace }))
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
    next_in_ms: nextBeatMs(deps.beatIntervals, node, activeNodes),
    ttl_ms: silenceMsMax(node),
    need: isKnown ? [] : ['inventory'],
    route_epoch: node.route.epoch,
    jobs: [...(await waitingJobs(deps, node, beat))],
    eligibility: judged.map(({ eligibility }) => eligibility),
    warnings: Math.abs(clockDeltaMs) >= clockWarningMs ? ['clock_skew'] : [],
    ...keysFor(beat, deps.keyList),
  })
}

/** Once per change of the list: an agent that refuses one names it all the same. */
const keysFor = ({ keys_digest: known }: Heartbeat, keyList: KeyList) =>
  known === undefined || known === keyList.digest ? {} : { keys: keyList }

/** The node's own item names its open jobs: an ordinary beat reads nothing for them. */
async function waitingJobs(
  deps: HeartbeatDeps,
  node: NodeFacts,
  { jobs }: Heartbeat,
): Promise<readonly SignedJob[]> {
  const { nodeId, openJobs = [] } = node
  if (openJobs.length === 0 || !mayServe(node)) return []
  return deps.offerJobs({ nodeId, openJobs, lastSeq: jobs.last_seq })
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
    !isSynthetic(node) &&
    (await deps.fleet.changeOffer({ nodeId, fromEpoch: route.epoch, mode, route }))
  if (isModeChanged && mayServe(node)) await deps.recompute(nodeId)
  return {
    ...node,
    ...(isActivated ? { status: 'active' } : {}),
    ...(isModeChanged ? { mode } : {}),
  }
}

function toBeat(
  beat: Heartbeat,
  row: Pick<FleetRow, 'node' | 'hot'>,
  { nowMs, grace }: Moment,
): Beat {
  const queues = beat.runtimes.map(({ id, kind, version, reachable, queue }) => {
    const { health, capacity } = queue
    const used = Math.min(queue.running + queue.waiting, usedMax)
    return [id, { health, reachable, kind, version: inAscii(version), used, capacity }] as const
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
    steadiness: steadinessAfter(row.hot, { nowMs, grace, silenceMsMax: silenceMsMax(row.node) }),
    formerBoot: formerBootAfter(row.hot, beat.boot_id, nowMs),
    queues: Object.fromEntries(queues),
  }
}

/** A longer queue is no more informative. */
const usedMax = 9_999

/** The beat's one write stays one write unit: a character of a version is one byte. */
const inAscii = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?')
