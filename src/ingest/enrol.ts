/**
 * A host's key becomes a node: by a join code its owner's, by the identity of its instance the operator's.
 * Bound once, the key alone says who it is, so that doing it again changes at most mode and route.
 */
import type { FleetState, FleetStore } from '../fleet/ports.ts'
import { parseJson } from '../http/read-json.ts'
import { assert } from '../protocol/assert.ts'
import { type EnrolReply, EnrolRequest, enrolledKeysMax } from '../protocol/enrolment.ts'
import { type SignedHttpRequest, signatureTag } from '../protocol/http-signature.ts'
import { keysNotEnded } from '../protocol/key-succession.ts'
import { nodeIdOf } from '../protocol/node-identity.ts'
import type { PublishedKeys } from '../protocol/published-keys.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { type BeatIntervals, nextBeatMs } from './beat-interval.ts'
import type { Bound } from './bound-node.ts'
import { type ChallengeKey, challengeHolds } from './challenge.ts'
import { type CodeDeps, enrolByCode } from './enrol-by-code.ts'
import { enrolInstance, type InstanceDeps } from './enrol-instance.ts'
import { isSoundPublicKey } from './public-key.ts'
import { checkRoute } from './route-offer.ts'
import { checkSignature } from './signed-request.ts'

export type EnrolDeps = ChallengeKey &
  CodeDeps &
  InstanceDeps & {
    readonly fleet: Pick<FleetStore, 'readNode'>
    /** A few seconds old at most. */
    readonly freshFleetState: () => Promise<FleetState>
    readonly publishedKeys: PublishedKeys
    readonly beatIntervals: BeatIntervals
  }

export async function enrol(
  deps: EnrolDeps,
  request: SignedHttpRequest,
): Promise<Result<EnrolReply>> {
  const order = await checkedOrder(deps, request)
  if (!order.ok) return order
  const bound = await bind(deps, order.value)
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

function bind(deps: EnrolDeps, order: EnrolRequest): Promise<Result<Bound>> {
  const { join_code: joinCode, caller_identity: identity } = order
  if (identity !== undefined) return enrolInstance(deps, order, identity)
  assert(joinCode !== undefined, 'an enrolment has a join code or an identity')
  return enrolByCode(deps, order, joinCode)
}

async function replyTo(deps: EnrolDeps, { node, grant }: Bound): Promise<EnrolReply> {
  const { activeNodes } = await deps.freshFleetState()
  const nowMs = deps.nowMs()
  const keysOf = (use: 'ticket_root' | 'job') =>
    keysNotEnded(deps.publishedKeys, use, nowMs).slice(0, enrolledKeysMax)
  return {
    node_id: node.nodeId,
    alias: node.alias,
    status: node.status,
    stage: deps.stage,
    route_epoch: node.route.epoch,
    ticket_root_public_keys: keysOf('ticket_root').map(({ public_key }) => public_key),
    job_public_keys: keysOf('job').map(({ key_id, public_key }) => ({ key_id, public_key })),
    next_in_ms: nextBeatMs(deps.beatIntervals, node, activeNodes),
    server_time_ms: nowMs,
    ...(grant ? { tunnel: grant } : {}),
  }
}
