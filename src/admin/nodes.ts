/** Machines of the fleet, and the operator's word on which of them may serve. */
import * as z from 'zod'
import { pageOfFleet } from '../fleet/fleet-page.ts'
import { livenessOf, type NodeFacts } from '../fleet/node.ts'
import { type FleetRow, judgeNode } from '../fleet/pool.ts'
import type { CatalogueStore, FleetStore, Recompute } from '../fleet/ports.ts'
import type { TunnelProvider } from '../fleet/tunnel-provider.ts'
import { isoTime } from '../http/iso-time.ts'
import type { NowMs } from '../protocol/clock.ts'
import { NodeStatus } from '../protocol/enrolment.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { pageFields, toList } from './page.ts'

export type NodeDeps = {
  readonly fleet: Pick<
    FleetStore,
    'readRow' | 'rows' | 'changeStatus' | 'setProfileDisabled' | 'readFleetState'
  >
  readonly catalogue: Pick<CatalogueStore, 'listModels'>
  readonly nowMs: NowMs
  readonly recompute: Recompute
  /** Undefined where the stage offers no tunnels. */
  readonly tunnels: Pick<TunnelProvider, 'close'> | undefined
}

export const NodeQuery = z.strictObject({ ...pageFields, status: NodeStatus.optional() })

export async function listNodes(
  { fleet, nowMs }: NodeDeps,
  { limit, after, status }: z.infer<typeof NodeQuery>,
): Promise<Result<object>> {
  const page = await pageOfFleet(fleet.rows(), { limit, after }, (row) =>
    status === undefined || row.node.status === status ? [row] : [],
  )
  if (!page) return unknownCursor()
  return ok(toList(page, (row) => toWireNode(row, nowMs())))
}

export async function showNode(deps: NodeDeps, nodeId: string): Promise<Result<object>> {
  const [row, models, { grace }] = await Promise.all([
    deps.fleet.readRow(nodeId),
    deps.catalogue.listModels(),
    deps.fleet.readFleetState(),
  ])
  if (!row) return refuse('node_not_found')
  const judged = judgeNode(row, models, { nowMs: deps.nowMs(), grace })
  const eligibility = judged.map((one) => one.eligibility)
  return ok({ ...toWireNode(row, deps.nowMs()), eligibility })
}

/** Retired and banned are final: another key makes another node. */
const changes = {
  approve: { from: ['pending', 'suspended'], to: 'approved', settled: ['approved', 'active'] },
  suspend: { from: ['pending', 'approved', 'active'], to: 'suspended', settled: ['suspended'] },
  retire: {
    from: ['pending', 'approved', 'active', 'suspended'],
    to: 'retired',
    settled: ['retired'],
  },
} as const satisfies Readonly<
  Record<
    string,
    {
      readonly from: readonly NodeStatus[]
      readonly to: NodeStatus
      readonly settled: readonly NodeStatus[]
    }
  >
>

/** Doing it again is no error; doing what the status does not allow is. */
export async function changeNode(
  deps: NodeDeps,
  nodeId: string,
  change: keyof typeof changes,
): Promise<Result<object>> {
  const { from, to, settled } = changes[change]
  const suspension = { reason: 'operator', atMs: deps.nowMs() } as const
  await deps.fleet.changeStatus(
    to === 'suspended' ? { nodeId, from, to, suspension } : { nodeId, from, to },
  )
  const row = await deps.fleet.readRow(nodeId)
  if (!row) return refuse('node_not_found')
  const { status } = row.node
  if (!settled.some((one) => one === status)) {
    return refuse('state_conflict', {
      message: `A node that is ${status} cannot be ${to}.`,
      detail: { status },
    })
  }
  // First who gets work, then what costs money: a tunnel that cannot be closed keeps nobody in a pool.
  await deps.recompute(nodeId)
  if (status === 'retired') await closeTunnel(deps, row.node)
  return ok(toWireNode(row, deps.nowMs()))
}

/** Closing again is no error. A tunnel goes with the key: a successor has it now. */
async function closeTunnel({ tunnels }: NodeDeps, { route, successor }: NodeFacts): Promise<void> {
  if (route.kind === 'cloudflared_named' && !successor) await tunnels?.close(route.tunnelId)
}

export const unknownCursor = () =>
  refuse('invalid_value', { param: 'after', message: 'No node has the id that after names.' })

function toWireNode({ node, hot, profiles }: FleetRow, nowMs: number) {
  return {
    object: 'node',
    id: node.nodeId,
    alias: node.alias,
    owner_id: node.ownerId,
    status: node.status,
    mode: node.mode,
    trust_tier: node.trustTier,
    region: node.region ?? null,
    route: node.route,
    suspension: node.suspension
      ? {
          reason: node.suspension.reason,
          since: isoTime(node.suspension.atMs),
        }
      : null,
    predecessor_id: node.predecessorId ?? null,
    successor_id: node.successor?.nodeId ?? null,
    public_key: node.publicKey,
    enrolled_at: isoTime(node.enrolledAtMs),
    liveness: livenessOf(hot?.beatAtMs, nowMs),
    state: hot?.state ?? null,
    last_beat_at: hot ? isoTime(hot.beatAtMs) : null,
    profiles: profiles.length,
  }
}
