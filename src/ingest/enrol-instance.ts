/**
 * The stage's own EC2 hosts: STS says which role launched the instance, and that stands for the operator's
 * word. The node is approved at once, and one instance has one node.
 */
import type { FleetStore } from '../fleet/ports.ts'
import type { CallerIdentity } from '../protocol/caller-identity.ts'
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
import { type InstanceTrust, provenInstance } from './sts-identity.ts'

export type InstanceDeps = BindDeps & {
  readonly stage: string
  readonly fleet: Pick<FleetStore, 'enrolInstance' | 'readInstanceNode'>
  /** Undefined where the stage launches no hosts. */
  readonly instanceTrust: InstanceTrust | undefined
}

export async function enrolInstance(
  deps: InstanceDeps,
  order: EnrolRequest,
  identity: CallerIdentity,
): Promise<Result<Bound>> {
  const { instanceTrust: trust, stage } = deps
  if (trust === undefined) return launchesNone()
  const { public_key: publicKey, challenge } = order
  const binding = { stage, publicKey, challenge }
  const proven = await provenInstance(trust, deps, { identity, binding })
  if (!proven.ok) return proven
  const instanceId = proven.value
  const nodeId = nodeIdOf(publicKey)
  const { ownerId, trustTier, region } = trust.role
  const known = await deps.fleet.readNode(nodeId)
  if (known) {
    const isElsewhere = known.ownerId !== ownerId
    return isElsewhere ? refuse('key_bound_elsewhere') : bindAgain(deps, order, known)
  }
  const refusal = poolRefusal({ ownerId }, order.mode)
  if (refusal) return refusal
  // A tunnel costs something outside of us: an instance that has its node gets none for another.
  const boundTo = await deps.fleet.readInstanceNode(instanceId)
  if (boundTo !== undefined && boundTo !== nodeId) return refuse('instance_bound')
  const { route, grant } = await makeRoute(deps, order.route, { nodeId, epoch: 1 })
  const node = newNode(order, {
    nodeId,
    ownerId,
    region,
    route,
    status: 'approved',
    trustTier,
    enrolledAtMs: deps.nowMs(),
  })
  if (await deps.fleet.enrolInstance(node, instanceId)) {
    deps.log('instance_enrolled', { nodeId, instanceId })
    return ok({ node, grant })
  }
  return (await boundMeanwhile(deps, { node, grant })) ?? refuse('instance_bound')
}

const launchesNone = () =>
  refuse('instance_rejected', {
    param: 'caller_identity',
    message: 'This stage launches no hosts: enrol with a join code.',
  })
