/** One order for many nodes. What is asked for here is checked whole; a schedule carries it out. */
import * as z from 'zod'
import { isoTime } from '../http/iso-time.ts'
import { AskedJob, orderJob } from '../jobs/order-job.ts'
import type { RolloutStore } from '../jobs/ports.ts'
import { newRollout, type Rollout, turnsTakeMs } from '../jobs/rollout.ts'
import { NodeId } from '../protocol/ids.ts'
import { limits } from '../protocol/limits.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { isSameOrder, type JobDeps } from './jobs.ts'
import { pageFields, toList } from './page.ts'

export type RolloutDeps = Pick<JobDeps, 'catalogue' | 'ids' | 'nowMs'> & {
  readonly rollouts: Omit<RolloutStore, 'writeRollout' | 'activeRolloutIds'>
}

export const RolloutDraft = z.strictObject({
  job: AskedJob,
  node_ids: z
    .array(NodeId)
    .min(1)
    .max(limits.rolloutNodes)
    .refine((ids) => new Set(ids).size === ids.length, { error: 'must name each node once' }),
  per_minute: z.int().min(1).max(limits.rolloutNodes).default(10),
})

export const RolloutQuery = z.strictObject(pageFields)

export async function createRollout(
  deps: RolloutDeps,
  { job: asked, node_ids: nodeIds, per_minute: perMinute }: z.infer<typeof RolloutDraft>,
  by: string,
): Promise<Result<object>> {
  const nowMs = deps.nowMs()
  const models = await deps.catalogue.listModels()
  const ordered = orderJob(asked, { models, ids: deps.ids, nowMs, actor: by })
  if (!ordered.ok) return ordered
  const takesMs = turnsTakeMs(nodeIds.length, perMinute)
  if (takesMs >= asked.expires_in_s * 1000) {
    return refuse('invalid_value', {
      param: 'per_minute',
      message: `${nodeIds.length} nodes at ${perMinute} a minute take ${takesMs / 1000} s, and the job expires first: raise per_minute or job.expires_in_s.`,
    })
  }
  const { rollouts } = deps
  const rollout = newRollout({
    rolloutId: `rollout_${deps.ids.ulid(nowMs)}`,
    reference: asked.reference,
    ordered: ordered.value,
    nodeIds,
    perMinute,
    createdAtMs: nowMs,
  })
  const outcome = await rollouts.createRollout(rollout)
  if (outcome.kind === 'created') return ok(toWireRollout(rollout))
  if (outcome.kind === 'too_many') {
    return refuse('state_conflict', {
      message: `There are ${limits.rolloutsActive} rollouts under way: wait for one to end.`,
    })
  }
  const before = await rollouts.readRollout(outcome.rolloutId)
  const isSame =
    before !== undefined &&
    isSameOrder(before.ordered, ordered.value) &&
    before.nodeIds.join() === nodeIds.join() &&
    before.perMinute === perMinute
  return isSame ? ok(toWireRollout(before)) : refuse('reference_reused', { param: 'job.reference' })
}

export async function showRollout(
  { rollouts }: RolloutDeps,
  rolloutId: string,
): Promise<Result<object>> {
  const rollout = await rollouts.readRollout(rolloutId)
  return rollout ? ok(toWireRollout(rollout)) : refuse('rollout_not_found')
}

export async function listRollouts(
  { rollouts }: RolloutDeps,
  { limit, after }: z.infer<typeof RolloutQuery>,
): Promise<Result<object>> {
  return ok(toList(await rollouts.listRollouts({ limit, after }), toWireRollout))
}

function toWireRollout(rollout: Rollout) {
  const { nodeIds, turns, pending, open, succeeded, failed, skipped } = rollout
  return {
    object: 'rollout',
    id: rollout.rolloutId,
    reference: rollout.reference,
    type: rollout.ordered.order.type,
    args: rollout.ordered.order.args,
    state: rollout.state,
    per_minute: rollout.perMinute,
    nodes: nodeIds.length,
    waiting: nodeIds.length - turns,
    open: pending.length + open.length,
    succeeded,
    failed,
    skipped,
    created_at: isoTime(rollout.createdAtMs),
    ended_at: rollout.endedAtMs === null ? null : isoTime(rollout.endedAtMs),
  }
}
