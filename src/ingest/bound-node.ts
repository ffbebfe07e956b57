/**
 * A key that is bound to its node: what a new node is, and what an enrolment of the same key once more
 * may change, whatever the key was bound by.
 */
import { mayServe, type NodeFacts, type NodeRoute } from '../fleet/node.ts'
import type { FleetStore, Recompute } from '../fleet/ports.ts'
import { isSynthetic } from '../fleet/synthetic.ts'
import { faultOf, type Log } from '../http/surface.ts'
import type { NowMs } from '../protocol/clock.ts'
import type { EnrolRequest } from '../protocol/enrolment.ts'
import { nodeAliasOf } from '../protocol/node-identity.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { isMoved, type MadeRoute, makeRoute, type RouteDeps, tunnelLeft } from './route-offer.ts'
import { revocationOf } from './standing.ts'

export type BindDeps = RouteDeps & {
  readonly nowMs: NowMs
  readonly fleet: Pick<FleetStore, 'readNode' | 'changeOffer'>
  readonly recompute: Recompute
  readonly log: Log
}

/** A node as it is enrolled now, with what it needs of its route. */
export type Bound = { readonly node: NodeFacts; readonly grant: MadeRoute['grant'] }

export async function bindAgain(
  deps: BindDeps,
  order: EnrolRequest,
  known: NodeFacts,
): Promise<Result<Bound>> {
  const revocation = revocationOf(known)
  if (revocation) return { ok: false, error: revocation }
  // The route is the successor's now: a change of it here would close the tunnel that it serves by.
  if (known.successor) return refuse('state_conflict', replacedBy(known.successor.nodeId))
  const { mode } = order
  const refusal = poolRefusal(known, mode)
  if (refusal) return refusal
  const { nodeId } = known
  const { epoch: fromEpoch } = known.route
  const made = await makeRoute(deps, order.route, { nodeId, epoch: fromEpoch })
  const hasMoved = isMoved(known.route, made.route)
  if (!hasMoved && mode === known.mode) return ok({ node: known, grant: made.grant })
  // Proofs of the old route say nothing of a new one: the epoch makes them stale.
  const route: NodeRoute = { ...made.route, epoch: fromEpoch + (hasMoved ? 1 : 0) }
  if (!(await deps.fleet.changeOffer({ nodeId, fromEpoch, mode, route }))) {
    return refuse('state_conflict', { message: 'The route was changed just now: enrol again.' })
  }
  await closeTunnelLeft(deps, known.route, route)
  if (mayServe(known)) await deps.recompute(known.nodeId)
  return ok({ node: { ...known, mode, route }, grant: made.grant })
}

/** The node that another enrolment of this key made while this one was under way. */
export async function boundMeanwhile(
  deps: BindDeps,
  { node, grant }: Bound,
): Promise<Result<Bound> | undefined> {
  const winner = await deps.fleet.readNode(node.nodeId)
  await closeTunnelLeft(deps, node.route, winner?.route)
  if (!winner) return undefined
  return winner.ownerId === node.ownerId
    ? ok({ node: winner, grant })
    : refuse('key_bound_elsewhere')
}

/** A tunnel that stays open is a line in the log: the node is where it wants to be all the same. */
async function closeTunnelLeft(
  deps: BindDeps,
  from: NodeRoute,
  to: NodeRoute | undefined,
): Promise<void> {
  const tunnelId = tunnelLeft(from, to)
  if (tunnelId === undefined) return
  await deps.tunnels
    ?.close(tunnelId)
    .catch((error: unknown) => deps.log('tunnel_left_open', { tunnelId, ...faultOf(error) }))
}

const replacedBy = (successorId: string) => ({
  message: 'This key was rotated to another one: enrol with that one.',
  detail: { successor_id: successorId },
})

/** For every way to enrol: what watches the platform is not paid for serving. */
export const poolRefusal = (owner: Pick<NodeFacts, 'ownerId'>, mode: NodeFacts['mode']) =>
  isSynthetic(owner) && mode === 'network'
    ? refuse('invalid_value', {
        param: 'mode',
        message: 'A synthetic node serves nobody: enrol it in mode "managed".',
      })
    : undefined

export function newNode(
  order: EnrolRequest,
  at: Pick<
    NodeFacts,
    'nodeId' | 'ownerId' | 'region' | 'route' | 'status' | 'trustTier' | 'enrolledAtMs'
  >,
): NodeFacts {
  const { region, ...facts } = at
  return {
    ...facts,
    alias: nodeAliasOf(at.nodeId),
    publicKey: order.public_key,
    mode: order.mode,
    ...(region === undefined ? {} : { region }),
  }
}
