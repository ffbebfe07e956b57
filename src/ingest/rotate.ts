/**
 * A node's new key becomes a node of its own in the old one's place: same owner, standing and tier,
 * with its reputation and what spot checks hold against it.
 * The old one is heard for a day more, so that an agent that loses the reply can ask again.
 */
import type { NodeFacts } from '../fleet/node.ts'
import type { FleetStore } from '../fleet/ports.ts'
import { parseJson } from '../http/read-json.ts'
import type { Log } from '../http/surface.ts'
import { clockSkewMaxMs, type SignedHttpRequest } from '../protocol/http-signature.ts'
import { nodeAliasOf, nodeIdOf } from '../protocol/node-identity.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { isSignedByNewKey, type RotateReply, RotateRequest } from '../protocol/rotation.ts'
import { isSoundPublicKey } from './public-key.ts'
import { type AuthenticateDeps, authenticate, clockSkew } from './signed-request.ts'

export type RotateDeps = AuthenticateDeps & {
  readonly fleet: Pick<FleetStore, 'readNode' | 'rotateNode'>
  readonly log: Log
}

const oldKeyMs = 24 * 60 * 60_000

export async function rotate(
  deps: RotateDeps,
  request: SignedHttpRequest,
): Promise<Result<RotateReply>> {
  const caller = await authenticate(deps, request, 'rotate')
  if (!caller.ok) return caller
  const { node } = caller.value.row
  const order = parseJson(request.body, RotateRequest)
  if (!order.ok) return order
  const checked = checkOrder(deps, order.value, node)
  if (!checked.ok) return checked
  const { rotation } = order.value
  const to = successorOf(node, rotation.new_public_key, deps.nowMs())
  if (node.successor) return replyAgain(deps, node, to.nodeId)
  if (await deps.fleet.readNode(to.nodeId)) return refuse('key_bound_elsewhere')
  const oldUntilMs = deps.nowMs() + oldKeyMs
  if (!(await deps.fleet.rotateNode(to, oldUntilMs))) {
    const now = await deps.fleet.readNode(node.nodeId)
    return now?.successor ? replyAgain(deps, now, to.nodeId) : refuse('key_bound_elsewhere')
  }
  deps.log('key_rotated', { nodeId: node.nodeId, successorId: to.nodeId })
  return ok(replyTo(deps, to, oldUntilMs))
}

function checkOrder(deps: RotateDeps, order: RotateRequest, node: NodeFacts): Result<undefined> {
  const { stage, old_node_id, new_node_id, new_public_key, at_ms } = order.rotation
  if (stage !== deps.stage) return refuse('invalid_value', { param: 'rotation.stage' })
  if (old_node_id !== node.nodeId) return refuse('invalid_value', { param: 'rotation.old_node_id' })
  if (!isSoundPublicKey(new_public_key)) {
    return refuse('public_key_rejected', { param: 'rotation.new_public_key' })
  }
  if (new_node_id !== nodeIdOf(new_public_key)) {
    return refuse('invalid_value', { param: 'rotation.new_node_id' })
  }
  if (!isSignedByNewKey(order)) return refuse('bad_signature', { param: 'signature' })
  const nowMs = deps.nowMs()
  if (Math.abs(nowMs - at_ms) > clockSkewMaxMs) return clockSkew(nowMs, nowMs - at_ms)
  return ok(undefined)
}

/** Benchmarks are not taken along: they hold for a route, and this one is to be proven anew. */
function successorOf(node: NodeFacts, publicKey: string, nowMs: number) {
  const nodeId = nodeIdOf(publicKey)
  const { ownerId, status, mode, trustTier, route, region, reputation } = node
  return {
    nodeId,
    alias: nodeAliasOf(nodeId),
    publicKey,
    ownerId,
    status,
    mode,
    trustTier,
    route: { ...route, epoch: route.epoch + 1 },
    enrolledAtMs: nowMs,
    predecessorId: node.nodeId,
    ...(region === undefined ? {} : { region }),
    ...(reputation === undefined ? {} : { reputation }),
  } satisfies NodeFacts
}

/** One key has one successor: the same order again is answered again, another one is refused. */
async function replyAgain(
  deps: RotateDeps,
  { successor }: NodeFacts,
  askedId: string,
): Promise<Result<RotateReply>> {
  const to = successor && (await deps.fleet.readNode(successor.nodeId))
  if (!to || to.nodeId !== askedId) {
    return refuse('state_conflict', {
      message: 'This key was rotated to another one already: go on with that one.',
      detail: { successor_id: successor?.nodeId },
    })
  }
  return ok(replyTo(deps, to, successor.untilMs))
}

function replyTo(deps: RotateDeps, to: NodeFacts, oldUntilMs: number): RotateReply {
  return {
    node_id: to.nodeId,
    alias: to.alias,
    status: to.status,
    route_epoch: to.route.epoch,
    old_until_ms: oldUntilMs,
    server_time_ms: deps.nowMs(),
  }
}
