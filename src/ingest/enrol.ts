/**
 * A host's key becomes a node of whoever gave it the join code. The code binds the owner once; from
 * then on the key alone says who it is, so that doing it again changes at most mode and route.
 */
import { mayServe, type NodeFacts, type NodeRoute } from '../fleet/node.ts'
import type { FleetState, FleetStore, JoinCodeStore, Recompute } from '../fleet/ports.ts'
import { isSynthetic } from '../fleet/synthetic.ts'
import { parseJson } from '../http/read-json.ts'
import { faultOf, type Log } from '../http/surface.ts'
import { sha256Hex } from '../protocol/canonical.ts'
import type { NowMs } from '../protocol/clock.ts'
import { type EnrolReply, EnrolRequest, type JobPublicKey } from '../protocol/enrolment.ts'
import { type SignedHttpRequest, signatureTag } from '../protocol/http-signature.ts'
import { nodeAliasOf, nodeIdOf } from '../protocol/node-identity.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { type BeatIntervals, nextBeatMs } from './beat-interval.ts'
import { type ChallengeKey, challengeHolds } from './challenge.ts'
import { isSoundPublicKey } from './public-key.ts'
import {
  checkRoute,
  isMoved,
  type MadeRoute,
  makeRoute,
  type RouteDeps,
  tunnelLeft,
} from './route-offer.ts'
import { checkSignature } from './signed-request.ts'
import { revocationOf } from './standing.ts'

export type EnrolDeps = ChallengeKey &
  RouteDeps & {
    readonly nowMs: NowMs
    readonly fleet: Pick<FleetStore, 'readNode' | 'enrolNode' | 'changeOffer' | 'hasRoomToEnrol'>
    /** A few seconds old at most. */
    readonly freshFleetState: () => Promise<FleetState>
    readonly joinCodes: Pick<JoinCodeStore, 'readJoinCode'>
    readonly ticketRootPublicKeys: readonly string[]
    readonly jobPublicKeys: readonly JobPublicKey[]
    readonly beatIntervals: BeatIntervals
    readonly recompute: Recompute
    readonly log: Log
  }

/** A node as it is enrolled now, with what it needs of its route. */
type Bound = { readonly node: NodeFacts; readonly grant: MadeRoute['grant'] }

export async function enrol(
  deps: EnrolDeps,
  request: SignedHttpRequest,
): Promise<Result<EnrolReply>> {
  const order = await checkedOrder(deps, request)
  if (!order.ok) return order
  const bound = await bindNode(deps, order.value)
  return bound.ok ? ok(await replyTo(deps, bound.value)) : bound
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
  const isOffered = checkRoute(deps, route)
  return isOffered.ok ? order : isOffered
}

async function bindNode(deps: EnrolDeps, order: EnrolRequest): Promise<Result<Bound>> {
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
  if (!code || code.expiresAtMs <= nowMs) return codeInvalid()
  // A tunnel costs something outside of us: who will be refused below gets none first.
  if (code.usedBy !== undefined && code.usedBy !== nodeId) return codeInvalid()
  const { ownerId, region } = code
  if (isSynthetic({ ownerId }) && order.mode === 'network') return neverInPool()
  if (!(await deps.fleet.hasRoomToEnrol(ownerId, nowMs))) return tooMany(nowMs)
  const made = await makeRoute(deps, order.route, { nodeId, epoch: 1 })
  const node = newNode(order, { nodeId, ownerId, region, nowMs, route: made.route })
  const outcome = await deps.fleet.enrolNode(node, codeHash)
  if (outcome === 'enrolled') return ok({ node, grant: made.grant })
  // Used by an earlier try of this key whose reply was lost, or by somebody else.
  const winner = await deps.fleet.readNode(nodeId)
  await closeTunnel(deps, tunnelLeft(made.route, winner?.route))
  if (!winner) return outcome === 'too_many' ? tooMany(nowMs) : codeInvalid()
  return winner.ownerId === ownerId
    ? ok({ node: winner, grant: made.grant })
    : refuse('key_bound_elsewhere')
}

async function bindAgain(
  deps: EnrolDeps,
  order: EnrolRequest,
  known: NodeFacts,
): Promise<Result<Bound>> {
  const revocation = revocationOf(known)
  if (revocation) return { ok: false, error: revocation }
  // The route is the successor's now: a change of it here would close the tunnel that it serves by.
  if (known.successor) return refuse('state_conflict', replacedBy(known.successor.nodeId))
  const { mode } = order
  if (isSynthetic(known) && mode === 'network') return neverInPool()
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
  await closeTunnel(deps, tunnelLeft(known.route, route))
  if (mayServe(known)) await deps.recompute(known.nodeId)
  return ok({ node: { ...known, mode, route }, grant: made.grant })
}

/** A tunnel that stays open is a line in the log: the node is where it wants to be all the same. */
async function closeTunnel(deps: EnrolDeps, tunnelId: string | undefined): Promise<void> {
  if (tunnelId === undefined) return
  await deps.tunnels
    ?.close(tunnelId)
    .catch((error: unknown) => deps.log('tunnel_left_open', { tunnelId, ...faultOf(error) }))
}

const codeInvalid = () => refuse('join_code_invalid', { param: 'join_code' })

const replacedBy = (successorId: string) => ({
  message: 'This key was rotated to another one: enrol with that one.',
  detail: { successor_id: successorId },
})

const neverInPool = () =>
  refuse('invalid_value', {
    param: 'mode',
    message: 'A synthetic node serves nobody: enrol it in mode "managed".',
  })

const hourMs = 60 * 60_000
const tooMany = (nowMs: number) =>
  refuse('enrolment_limit', { retryAfterSec: Math.ceil((hourMs - (nowMs % hourMs)) / 1000) })

function newNode(
  order: EnrolRequest,
  at: Pick<NodeFacts, 'nodeId' | 'ownerId' | 'region' | 'route'> & { readonly nowMs: number },
): NodeFacts {
  return {
    nodeId: at.nodeId,
    alias: nodeAliasOf(at.nodeId),
    publicKey: order.public_key,
    ownerId: at.ownerId,
    status: 'pending',
    mode: order.mode,
    trustTier: 'T0',
    route: at.route,
    enrolledAtMs: at.nowMs,
    ...(at.region === undefined ? {} : { region: at.region }),
  }
}

async function replyTo(deps: EnrolDeps, { node, grant }: Bound): Promise<EnrolReply> {
  const { activeNodes } = await deps.freshFleetState()
  return {
    node_id: node.nodeId,
    alias: node.alias,
    status: node.status,
    stage: deps.stage,
    route_epoch: node.route.epoch,
    ticket_root_public_keys: [...deps.ticketRootPublicKeys],
    job_public_keys: [...deps.jobPublicKeys],
    next_in_ms: nextBeatMs(deps.beatIntervals, node, activeNodes),
    server_time_ms: deps.nowMs(),
    ...(grant ? { tunnel: grant } : {}),
  }
}
