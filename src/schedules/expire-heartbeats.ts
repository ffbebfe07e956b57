/**
 * Records who went stale or offline, for owners and alarms, how many nodes there are, and whether a
 * silence was our own fault; and retires keys whose successors have had a day. Routing never waits
 * for it: the gateway judges each hot item by the clock.
 */
import { type Beaten, graceFor } from '../fleet/grace.ts'
import { freshMsMax, type HotItem, type Liveness, livenessOf, mayServe } from '../fleet/node.ts'
import type { FleetRow } from '../fleet/pool.ts'
import type { FleetStore } from '../fleet/ports.ts'
import { isCovered } from '../fleet/steadiness.ts'
import { isSynthetic } from '../fleet/synthetic.ts'
import type { Log } from '../http/surface.ts'
import type { NowMs } from '../protocol/clock.ts'
import { forEachBounded } from './bounded.ts'

export type ExpireHeartbeatsDeps = {
  readonly fleet: Pick<
    FleetStore,
    | 'rows'
    | 'recordLiveness'
    | 'changeStatus'
    | 'readFleetState'
    | 'writeActiveNodes'
    | 'grantGrace'
  >
  readonly nowMs: NowMs
  readonly log: Log
}

export type ExpireHeartbeatsReport = Readonly<Record<Liveness, number>> & {
  readonly retired: number
  readonly isGraceGranted: boolean
}

const concurrency = 8

type Transition = Pick<HotItem, 'nodeId' | 'seq' | 'beatAtMs'> & { readonly liveness: Liveness }

/** What one walk over the fleet has found. */
type Seen = {
  readonly counts: Record<Liveness, number>
  readonly transitions: Transition[]
  readonly replacedIds: string[]
  /** Nodes that may serve strangers, as the question of grace sees them. */
  readonly serving: Beaten[]
  syntheticBeatAtMs: number | undefined
}

export async function expireHeartbeats(
  deps: ExpireHeartbeatsDeps,
): Promise<ExpireHeartbeatsReport> {
  const seen: Seen = {
    counts: { never: 0, fresh: 0, stale: 0, offline: 0 },
    transitions: [],
    replacedIds: [],
    serving: [],
    syntheticBeatAtMs: undefined,
  }
  for await (const row of deps.fleet.rows()) see(seen, row, deps.nowMs())
  const nowMs = deps.nowMs()
  const isGraceGranted = await grant(deps, seen, nowMs)
  const { grace } = await deps.fleet.readFleetState()
  await countActive(deps, seen, nowMs)
  await forEachBounded(
    seen.transitions,
    concurrency,
    async ({ nodeId, seq, beatAtMs, liveness }) => {
      if (grace && nowMs <= grace.untilMs && isCovered(beatAtMs, grace)) return
      // Refused when a beat arrived since the read; that beat is the newer truth.
      await deps.fleet.recordLiveness({ nodeId, seq, liveness })
    },
  )
  const retired = await retireReplaced(deps, seen.replacedIds)
  return { ...seen.counts, retired, isGraceGranted }
}

function see(seen: Seen, { node, hot }: FleetRow, nowMs: number): void {
  const liveness = livenessOf(hot?.beatAtMs, nowMs)
  seen.counts[liveness] += 1
  const isServing = mayServe(node)
  const isReplaced = node.successor !== undefined && node.successor.untilMs <= nowMs
  if (isServing && isReplaced) seen.replacedIds.push(node.nodeId)
  if (!hot) return
  const { seq, beatAtMs } = hot
  if (hot.liveness !== liveness) {
    seen.transitions.push({ nodeId: node.nodeId, seq, beatAtMs, liveness })
  }
  // Whom the operator barred is not heard: its silence says nothing, whoever owns it.
  if (!isServing) return
  if (isSynthetic(node)) {
    seen.syntheticBeatAtMs = Math.max(seen.syntheticBeatAtMs ?? 0, beatAtMs)
  } else if (node.mode === 'network') {
    // The others beat every 60 s: one late beat and they are stale, which proves no outage.
    seen.serving.push({ trustTier: node.trustTier, beatAtMs })
  }
}

/** One that is in force is not granted again. */
async function grant(deps: ExpireHeartbeatsDeps, seen: Seen, nowMs: number): Promise<boolean> {
  const grace = graceFor(seen.serving, seen.syntheticBeatAtMs, nowMs)
  if (!grace) return false
  const last = (await deps.fleet.readFleetState()).grace
  if (last && nowMs <= last.untilMs) return false
  if (!(await deps.fleet.grantGrace(grace))) return false
  deps.log('grace_granted', grace)
  return true
}

/** While our own node is silent too, the others are not gone: what they were is still the count. */
async function countActive(deps: ExpireHeartbeatsDeps, seen: Seen, nowMs: number): Promise<void> {
  const { counts, syntheticBeatAtMs } = seen
  const isOutage = syntheticBeatAtMs !== undefined && nowMs - syntheticBeatAtMs > freshMsMax
  if (!isOutage) await deps.fleet.writeActiveNodes(counts.fresh + counts.stale)
}

async function retireReplaced(
  { fleet, log }: ExpireHeartbeatsDeps,
  nodeIds: readonly string[],
): Promise<number> {
  let retired = 0
  await forEachBounded(nodeIds, concurrency, async (nodeId) => {
    const change = { nodeId, from: ['approved', 'active'], to: 'retired' } as const
    if (!(await fleet.changeStatus(change))) return
    retired += 1
    log('key_retired', { nodeId })
  })
  return retired
}
