/** Jobs of one node: ordered by a reference of the operator's own, shown with their evidence, cancelled. */
import * as z from 'zod'
import type { CatalogueStore, FleetStore } from '../fleet/ports.ts'
import { isoTime } from '../http/iso-time.ts'
import { changeJob } from '../jobs/change-job.ts'
import { type JobRecord, newJob } from '../jobs/job-record.ts'
import { cancelJob, isOver, passTime } from '../jobs/life-cycle.ts'
import { type AskedJob, type OrderedJob, orderJob } from '../jobs/order-job.ts'
import type { JobStore } from '../jobs/ports.ts'
import { canonicalJson } from '../protocol/canonical.ts'
import type { Ids, NowMs } from '../protocol/clock.ts'
import { limits } from '../protocol/limits.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { pageFields, toList } from './page.ts'
import type { Call } from './routes.ts'

export type JobDeps = {
  readonly fleet: Pick<FleetStore, 'readNode'>
  readonly catalogue: Pick<CatalogueStore, 'listModels'>
  readonly jobs: Omit<JobStore, 'nextSeq' | 'openJobs'>
  readonly ids: Ids
  readonly nowMs: NowMs
}

export const JobQuery = z.strictObject(pageFields)

/** The same reference with the same order is the same job; with another order it is refused. */
export async function orderForNode(
  deps: JobDeps,
  asked: AskedJob,
  { id: nodeId, by }: Call,
): Promise<Result<object>> {
  const node = await deps.fleet.readNode(nodeId)
  if (!node) return refuse('node_not_found')
  if (node.status === 'retired' || node.status === 'banned') {
    return refuse('state_conflict', { message: `A node that is ${node.status} takes no jobs.` })
  }
  const nowMs = deps.nowMs()
  const models = await deps.catalogue.listModels()
  const ordered = orderJob(asked, { models, ids: deps.ids, nowMs, actor: by })
  if (!ordered.ok) return ordered
  const job = newJob({
    ...ordered.value,
    jobId: `job_${deps.ids.ulid(nowMs)}`,
    nodeId,
    reference: asked.reference,
    rolloutId: null,
  })
  const outcome = await deps.jobs.queueJob(job)
  switch (outcome.kind) {
    case 'queued':
      return ok(toWireJob(job))
    case 'no_node':
      return refuse('node_not_found')
    case 'too_many':
      return refuse('state_conflict', {
        message: `The node has ${limits.jobsOpenPerNode} open jobs: wait for one or cancel one.`,
      })
    case 'reference_taken': {
      const before = await deps.jobs.readJob(outcome.jobId)
      const isSame = before?.nodeId === nodeId && isSameOrder(before, ordered.value)
      if (!isSame) return refuse('reference_reused', { param: 'reference' })
      return ok(toWireJob(passTime(before, nowMs)))
    }
  }
}

/** Nonces and times are ours and differ each time; what was asked for must not. */
export function isSameOrder(before: OrderedJob, now: OrderedJob): boolean {
  const told = ({ order, timeoutMs, requires, preflight, approval }: OrderedJob) => {
    const { nonce: _, ...args } = { nonce: '', ...order.args }
    return canonicalJson({ type: order.type, args, timeoutMs, requires, preflight, approval })
  }
  return told(before) === told(now)
}

export async function listJobs(
  { fleet, jobs, nowMs }: JobDeps,
  nodeId: string,
  { limit, after }: z.infer<typeof JobQuery>,
): Promise<Result<object>> {
  if (!(await fleet.readNode(nodeId))) return refuse('node_not_found')
  const page = await jobs.listJobs(nodeId, { limit, after })
  return ok(toList(page, (job) => toWireJob(passTime(job, nowMs()))))
}

export async function showJob({ jobs, nowMs }: JobDeps, jobId: string): Promise<Result<object>> {
  const job = await jobs.readJob(jobId)
  return job ? ok(toWireJob(passTime(job, nowMs()))) : refuse('job_not_found')
}

/** Cancelling what was cancelled is no error; what has ended otherwise cannot be. */
export async function cancel(
  { jobs, nowMs }: JobDeps,
  { id: jobId, by }: Pick<Call, 'id' | 'by'>,
): Promise<Result<object>> {
  const job = await jobs.readJob(jobId)
  if (!job) return refuse('job_not_found')
  const changed = await changeJob(jobs, job, (current) => ({
    job: cancelJob(current, by, nowMs()),
    answer: undefined,
  }))
  if (changed.kind !== 'changed') {
    return refuse('state_conflict', {
      retryable: true,
      message: 'The job was changed at the same time: try again.',
    })
  }
  const { state } = changed.job
  if (state === 'cancelled') return ok(toWireJob(changed.job))
  return refuse('state_conflict', {
    message: `A job that is ${state} cannot be cancelled.`,
    detail: { state },
  })
}

function toWireJob(job: JobRecord) {
  const { acceptance, result } = job
  return {
    object: 'job',
    id: job.jobId,
    node_id: job.nodeId,
    rollout_id: job.rolloutId,
    reference: job.reference,
    type: job.order.type,
    args: job.order.args,
    state: job.state,
    reason: job.reason,
    attempt: job.offered,
    failures: job.failures,
    percent: isOver(job) ? null : job.percent,
    actor: job.actor,
    approval: job.approval,
    created_at: isoTime(job.createdAtMs),
    not_before: isoTime(job.notBeforeMs),
    expires_at: isoTime(job.expiresAtMs),
    ended_at: job.endedAtMs === null ? null : isoTime(job.endedAtMs),
    acceptance,
    result,
  }
}
