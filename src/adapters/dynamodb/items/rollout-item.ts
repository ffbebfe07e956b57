/** Rollouts as they are stored: whole under their id, listed by it, and listed while they run. */
import * as z from 'zod'
import { RolloutId } from '../../../jobs/job-record.ts'
import { Rollout } from '../../../jobs/rollout.ts'
import { fromBody, toBody } from './json-body.ts'

export const rolloutsPartition = 'rollouts'
/** The ids of those that are not over: few, and read by every pass. */
export const activeRolloutsKey = { pk: 'rollouts#active', sk: 'active' }
export const rolloutKey = (rolloutId: string) => ({ pk: rolloutsPartition, sk: rolloutId })
export const rolloutReferenceKey = (reference: string) => ({
  pk: `rollout-reference#${reference}`,
  sk: 'reference',
})

export const toRolloutItem = (rollout: Rollout) => ({
  ...rolloutKey(rollout.rolloutId),
  rev: rollout.rev,
  body: toBody(rollout, 'a rollout'),
})
export const fromRolloutItem = (item: unknown): Rollout => fromBody(Rollout, item)

const Named = z.object({ rolloutId: RolloutId })
export const rolloutIdOf = (item: unknown): string => Named.parse(item).rolloutId

const Active = z.object({ ids: z.set(RolloutId).optional() })
export const activeIdsOf = (item: unknown): readonly string[] =>
  [...(Active.parse(item ?? {}).ids ?? [])].toSorted()
