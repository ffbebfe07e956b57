/**
 * A host's key becomes a node of whoever gave it the join code. The code binds the owner once; from
 * then on the key alone says who it is, so that doing it again changes at most mode and route.
 */
import type { NodeFacts, NodeRoute } from '../fleet/node.ts'
import type { FleetStore, JoinCodeStore, Recompute } from '../fleet/ports.ts'
import { parseJson } from '../http/read-json.ts'
import { sha256Hex } from '../protocol/canonical.ts'
import type { NowMs } from '../protocol/clock.ts'
import { type EnrolReply, EnrolRequest } from '../protocol/enrolment.ts'
import { type SignedHttpRequest, signatureTag } from '../protocol/http-signature.ts'
import { nodeAliasOf, nodeIdOf } from '../protocol/node-identity.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { type BeatIntervals, nextBeatMs } from './beat-interval.ts'
import { type ChallengeKey, challengeHolds } from './challenge.ts'
import { isSoundPublicKey } from './public-key.ts'
import { checkSignature } from './signed-request.ts'
import { isRevoked, mayServe } from './standing.ts'

export type EnrolDeps = ChallengeKey & {
  readonly nowMs: NowMs
  readonly fleet: Pick<FleetStore, 'readNode' | 'enrolNode' | 'changeOffer'>
  readonly joinCodes: Pick<JoinCodeStore, 'readJoinCode'>
  /** Whether a node of this stage may be reached at this address. */
  readonly routeAllowed: (url: string) => boolean
  readonly ticketRootPublicKeys: readonly string[]
  readonly beatIntervals: BeatIntervals
  readonly recompute: Recompute
}

export async function enrol(
  deps: EnrolDeps,
  request: SignedHttpRequest,
): Promise<Result<EnrolReply>> {
  const order = await checkedOrder(deps, request)
  if (!order.ok) return order
  const node = await bindNode(deps, order.value)
  return node.ok ? ok(replyTo(deps, node.value)) : node
}

async function checkedOrder(
  deps: EnrolDeps,
  request: SignedHttpRequest,
): Promise<Result<EnrolRequest>> {
  const order = parseJson(request.body, EnrolRequest)
  if (!order.ok) return order
  const { public_key: publicKey, challenge, route } = order.value
  if (!isSoundPublicKey(publicKey)) return refuse('public_key_rejected', { param: 'public_key' })
  const nowMs = deps.nowMs()
  const signed = await checkSignature(request, {
    tag: signatureTag(deps.stage, 'enroll'),
    nodeId: nodeIdOf(publicKey),
    publicKey,
    nowMs,
  })
  if (!signed.ok) return signed
  if (!challengeHolds(deps, { challenge, publicKey }, nowMs)) {
    return refuse('invalid_value', {
      param: 'challenge',
      message: 'The challenge was not made for this key or has expired: ask for a new one.',
    })
  }
  return deps.routeAllowed(route.url) ? order : refuse('route_rejected', { param: 'route.url' })
}

async function bindNode(deps: EnrolDeps, order: EnrolRequest): Promise<Result<NodeFacts>> {
  const nodeId = nodeIdOf(order.public_key)
  const codeHash = sha256Hex(order.join_code)
  const [known, code] = await Promise.all([
    deps.fleet.readNode(nodeId),
    deps.joinCodes.readJoinCode(codeHash),
  ])
  if (known) {
    // The code may be the used one of an earlier try, so only what it says against is heard.
    const isElsewhere = code !== undefined && code.ownerId !== known.ownerId
    return isElsewhere ? refuse('key_bound_elsewhere') : bindAgain(deps, order, known)
  }
  const nowMs = deps.nowMs()
  if (!code || code.expiresAtMs <= nowMs) return refuse('join_code_invalid', { param: 'join_code' })
  const node = newNode(order, { nodeId, ownerId: code.ownerId, nowMs })
  if ((await deps.fleet.enrolNode(node, codeHash)) === 'enrolled') return ok(node)
  // Used by an earlier try of this key whose reply was lost, or by somebody else.
  const winner = await deps.fleet.readNode(nodeId)
  if (!winner) return refuse('join_code_invalid', { param: 'join_code' })
  return winner.ownerId === code.ownerId ? ok(winner) : refuse('key_bound_elsewhere')
}

async function bindAgain(
  deps: EnrolDeps,
  order: EnrolRequest,
  known: NodeFacts,
): Promise<Result<NodeFacts>> {
  if (isRevoked(known)) return refuse('node_revoked', { detail: { status: known.status } })
  const url = originOf(order)
  const isMoved = url !== known.route.url
  if (!isMoved && order.mode === known.mode) return ok(known)
  // Proofs of the old route say nothing of a new one: the epoch makes them stale.
  const epoch = known.route.epoch + (isMoved ? 1 : 0)
  const route: NodeRoute = { kind: 'direct', url, epoch }
  const { mode } = order
  const fromEpoch = known.route.epoch
  const isChanged = await deps.fleet.changeOffer({ nodeId: known.nodeId, fromEpoch, mode, route })
  if (!isChanged) {
    return refuse('state_conflict', { message: 'The route was changed just now: enrol again.' })
  }
  if (mayServe(known)) await deps.recompute()
  return ok({ ...known, mode, route })
}

function newNode(
  order: EnrolRequest,
  at: { readonly nodeId: string; readonly ownerId: string; readonly nowMs: number },
): NodeFacts {
  return {
    nodeId: at.nodeId,
    alias: nodeAliasOf(at.nodeId),
    publicKey: order.public_key,
    ownerId: at.ownerId,
    status: 'pending',
    mode: order.mode,
    trustTier: 'T0',
    route: { kind: 'direct', url: originOf(order), epoch: 1 },
    enrolledAtMs: at.nowMs,
  }
}

/** One spelling per route: without a trailing slash or a default port. */
const originOf = (order: EnrolRequest): string => new URL(order.route.url).origin

function replyTo(deps: EnrolDeps, node: NodeFacts): EnrolReply {
  return {
    node_id: node.nodeId,
    alias: node.alias,
    status: node.status,
    stage: deps.stage,
    route_epoch: node.route.epoch,
    ticket_root_public_keys: [...deps.ticketRootPublicKeys],
    next_in_ms: nextBeatMs(deps.beatIntervals, node.mode),
    server_time_ms: deps.nowMs(),
  }
}
