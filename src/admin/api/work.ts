/** Signed jobs and rollouts, on the operators' wire. */
import * as z from 'zod'
import { json } from '../../http/endpoint.ts'
import { Time } from '../../http/wire-fields.ts'
import { RolloutId } from '../../jobs/job-record.ts'
import { AskedJob } from '../../jobs/order-job.ts'
import { NodeId } from '../../protocol/ids.ts'
import { JobId, JobType } from '../../protocol/job.ts'
import { JobState, SignedAcceptance, SignedResult } from '../../protocol/job-report.ts'
import { JobQuery } from '../jobs.ts'
import { RolloutDraft, RolloutQuery } from '../rollouts.ts'
import { type AdminRow, acted, change, looked, pageOf, taken } from './row.ts'

const count = z.int().min(0)
const Args = z.record(z.string(), z.unknown()).describe('By the type; what was ordered.')

export const Job = z.strictObject({
  object: z.literal('job'),
  id: JobId,
  node_id: NodeId,
  rollout_id: RolloutId.nullable(),
  reference: z.string(),
  type: JobType,
  args: Args,
  state: JobState,
  reason: z.string().nullable(),
  attempt: count,
  failures: count,
  percent: z.int().nullable(),
  actor: z.string(),
  approval: z.string().nullable(),
  created_at: Time,
  not_before: Time,
  expires_at: Time,
  ended_at: Time.nullable(),
  acceptance: SignedAcceptance.nullable(),
  result: SignedResult.nullable(),
})

export const Rollout = z.strictObject({
  object: z.literal('rollout'),
  id: RolloutId,
  reference: z.string(),
  type: JobType,
  args: Args,
  state: z.string(),
  per_minute: count,
  nodes: count,
  waiting: count,
  open: count,
  succeeded: count,
  failed: count,
  skipped: count,
  created_at: Time,
  ended_at: Time.nullable(),
})

export const workRows = {
  'POST /admin/nodes/:id/jobs': {
    ...change,
    operationId: 'orderJob',
    tag: 'Jobs',
    summary: 'Order a job of a node',
    does: 'Types and arguments are a fixed list; builds are named by their catalogue id alone. The same reference with the same order is the same job.',
    path: { id: NodeId },
    body: json(AskedJob),
    answer: json(Job),
    errors: [...taken, 'node_not_found', 'reference_reused', 'state_conflict'],
  },
  'GET /admin/nodes/:id/jobs': {
    operationId: 'listJobs',
    tag: 'Jobs',
    summary: 'List the jobs of a node',
    does: 'Newest first.',
    path: { id: NodeId },
    query: JobQuery,
    answer: json(pageOf(Job)),
    errors: [...looked, 'node_not_found'],
  },
  'GET /admin/jobs/:id': {
    operationId: 'showJob',
    tag: 'Jobs',
    summary: 'Show a job',
    does: "With the node's signed acceptance and result.",
    path: { id: JobId },
    answer: json(Job),
    errors: [...looked, 'job_not_found'],
  },
  'POST /admin/jobs/:id/cancel': {
    ...change,
    operationId: 'cancelJob',
    tag: 'Jobs',
    summary: 'Cancel a job',
    does: 'One that has ended otherwise cannot be cancelled.',
    path: { id: JobId },
    answer: json(Job),
    errors: [...acted, 'job_not_found', 'state_conflict'],
  },
  'POST /admin/rollouts': {
    ...change,
    operationId: 'createRollout',
    tag: 'Jobs',
    summary: 'Order a job of many nodes',
    does: 'So many a minute, until each had its turn.',
    body: json(RolloutDraft),
    answer: json(Rollout),
    errors: [...taken, 'reference_reused', 'state_conflict'],
  },
  'GET /admin/rollouts': {
    operationId: 'listRollouts',
    tag: 'Jobs',
    summary: 'List the rollouts',
    does: 'Newest first.',
    query: RolloutQuery,
    answer: json(pageOf(Rollout)),
    errors: looked,
  },
  'GET /admin/rollouts/:id': {
    operationId: 'showRollout',
    tag: 'Jobs',
    summary: 'Show a rollout',
    does: 'How many nodes wait, run, succeeded and failed.',
    path: { id: RolloutId },
    answer: json(Rollout),
    errors: [...looked, 'rollout_not_found'],
  },
} as const satisfies Readonly<Record<string, AdminRow>>
