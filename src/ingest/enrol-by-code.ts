/**
 * Whose node a key becomes by a join code: the code binds the owner once, and from then on the key alone
 * says who it is.
 */
import type { FleetStore, JoinCodeStore } from '../fleet/ports.ts'
import { sha256Hex } from '../protocol/canonical.ts'
import type { EnrolRequest } from '../protocol/enrolment.ts'
import { nodeIdOf } from '../protocol/node-identity.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import {
  type BindDeps,
  type Bound,
  bindAgain,
  boundMeanwhile,
  newNode,
  poolRefusal,
} from './bound-node.ts'
import { makeRoute } from './route-offer.ts'

export type CodeDeps = BindDeps & {
  readonly fleet: Pick<FleetStore, 'enrolNode' | 'hasRoomToEnrol'>
  readonly joinCodes: Pick<JoinCodeStore, 'readJoinCode'>
}

export async function enrolByCode(
  deps: CodeDeps,
  order: EnrolRequest,
  joinCode: string,
): Promise<Result<Bound>> {
  const nodeId = nodeIdOf(order.public_key)
  const codeHash = sha256Hex(joinCode)
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
  const refusal = poolRefusal({ ownerId }, order.mode)
  if (refusal) return refusal
  if (!(await deps.fleet.hasRoomToEnrol(ownerId, nowMs))) return tooMany(nowMs)
  const { route, grant } = await makeRoute(deps, order.route, { nodeId, epoch: 1 })
  const node = newNode(order, {
    nodeId,
    ownerId,
    region,
    route,
    status: 'pending',
    trustTier: 'T0',
    enrolledAtMs: nowMs,
  })
  const outcome = await deps.fleet.enrolNode(node, codeHash)
  if (outcome === 'enrolled') return ok({ node, grant })
  // Used by an earlier try of this key whose reply was lost, or by somebody else.
  const meanwhile = await boundMeanwhile(deps, { node, grant })
  return meanwhile ?? (outcome === 'too_many' ? tooMany(nowMs) : codeInvalid())
}

const codeInvalid = () => refuse('join_code_invalid', { param: 'join_code' })

const hourMs = 60 * 60_000
const tooMany = (nowMs: number) =>
  refuse('enrolment_limit', { retryAfterSec: Math.ceil((hourMs - (nowMs % hourMs)) / 1000) })
