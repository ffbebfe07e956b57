/**
 * An attempt on the route as it is now. The pool may be a pass older than a node's route; the node
 * then refuses with 409, and one look at what is stored tells whether there is a newer way to it.
 */
import { mayServe } from '../fleet/node.ts'
import { wayTo } from '../fleet/pool.ts'
import type { FleetStore } from '../fleet/ports.ts'
import { type Attempt, type AttemptDeps, type AttemptOrder, startAttempt } from './attempt.ts'

export type CurrentRouteDeps = AttemptDeps & {
  readonly fleet: Pick<FleetStore, 'readNode'>
}

/**
 * A stale route is tried once more, under a new ticket of the same attempt, and the first try counts
 * for nothing: neither the node nor the customer did anything wrong.
 */
export async function startOnCurrentRoute(
  deps: CurrentRouteDeps,
  order: AttemptOrder,
): Promise<Attempt> {
  const attempt = await startAttempt(deps, order)
  if (attempt.kind === 'open' || attempt.reason !== 'stale_route') return attempt
  const { candidate } = order
  const node = await deps.fleet.readNode(candidate.nodeId).catch(() => undefined)
  // Who was suspended since the pool was built gets no second chance.
  if (node === undefined || !mayServe(node)) return attempt
  // A node that is dialled by the way it has and says that it has another one has merely refused.
  if (node.route.epoch === candidate.routeEpoch) return { ...attempt, reason: 'refused' }
  if (node.route.epoch < candidate.routeEpoch) return attempt
  return startAttempt(deps, { ...order, candidate: { ...candidate, ...wayTo(node.route) } })
}
