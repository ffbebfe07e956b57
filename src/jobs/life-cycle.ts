/**
 * How a job goes on, as pure functions of its record, one message and the clock:
 * queued → offered → accepted → running → an end. An agent runs an attempt only after its acceptance
 * was recorded here, so whatever is lost, late or repeated on the way, there is one outcome.
 */
import { assert } from '../protocol/assert.ts'
import { jobAttemptsMax, jobOffersMax } from '../protocol/job.ts'
import type {
  JobProgress,
  JobState,
  SignedAcceptance,
  SignedResult,
} from '../protocol/job-report.ts'
import type { JobRecord } from './job-record.ts'

export const leaseMs = 60_000
/** The agent ends a job at its time-out by itself; its word for that may take a while to arrive. */
export const resultGraceMs = 60_000
const backoffMsMin = 30_000
const backoffMsMax = 15 * 60_000

const endStates: readonly JobState[] = [
  'succeeded',
  'failed',
  'rejected',
  'timed_out',
  'cancelled',
  'rolled_back',
]

export const isOver = ({ state }: Pick<JobRecord, 'state'>): boolean => endStates.includes(state)

export const isOfferable = (job: JobRecord, nowMs: number): boolean =>
  job.state === 'queued' &&
  nowMs >= job.retryAtMs &&
  nowMs >= job.notBeforeMs &&
  nowMs < job.expiresAtMs &&
  job.offered < jobOffersMax

/** The next attempt, under a sequence number that the node was never offered. */
export function offerJob(job: JobRecord, offer: NonNullable<JobRecord['offer']>): JobRecord {
  assert(!isOver(job) && job.offered < jobOffersMax, 'a job that is over is not offered', {
    jobId: job.jobId,
  })
  return { ...job, state: 'offered', offered: job.offered + 1, offer }
}

export type Step = {
  /** The same object where nothing changed. */
  readonly job: JobRecord
  /** Whether the agent may run this attempt, or go on with it. */
  readonly proceed: boolean
}

/** Over, unknown, or overtaken by a later attempt that was accepted: nothing that it says counts. */
function isOpen(job: JobRecord, attempt: number): boolean {
  return (
    !isOver(job) &&
    attempt > job.closed &&
    (attempt === job.accepted || attempt === job.offered) &&
    attempt <= job.offered
  )
}

export function acceptJob(given: JobRecord, signed: SignedAcceptance, nowMs: number): Step {
  const job = passTime(given, nowMs)
  const { attempt } = signed.acceptance
  if (!isOpen(job, attempt)) return { job, proceed: false }
  if (attempt === job.accepted) return goOn(job, { percent: job.percent }, nowMs)
  if (job.state !== 'offered') return { job, proceed: false }
  const accepted: JobRecord = {
    ...job,
    state: 'accepted',
    accepted: attempt,
    acceptance: signed,
    acceptedAtMs: nowMs,
    leaseUntilMs: nowMs + leaseMs,
    percent: null,
  }
  return { job: accepted, proceed: true }
}

export function progressJob(
  given: JobRecord,
  { attempt, percent }: JobProgress,
  nowMs: number,
): Step {
  const job = passTime(given, nowMs)
  if (!isOpen(job, attempt) || attempt !== job.accepted) return { job, proceed: false }
  return goOn({ ...job, state: 'running' }, { percent }, nowMs)
}

/** An attempt that fell silent lives again: nothing that was offered since was accepted. */
function goOn(job: JobRecord, { percent }: Pick<JobRecord, 'percent'>, nowMs: number): Step {
  const state = job.state === 'accepted' ? 'accepted' : 'running'
  return { job: { ...job, state, percent, leaseUntilMs: nowMs + leaseMs }, proceed: true }
}

export function finishJob(given: JobRecord, signed: SignedResult, nowMs: number): Step {
  const job = passTime(given, nowMs)
  const { attempt, status, reason } = signed.result
  if (!isOpen(job, attempt)) return { job, proceed: false }
  // What was offered meanwhile is closed with it: an agent that still takes it hears so.
  const closed: JobRecord = { ...job, closed: job.offered, result: signed, reason }
  if (status !== 'failed') return { job: end(closed, status, nowMs), proceed: false }
  const failures = job.failures + 1
  const retryAtMs = nowMs + backoffMs(failures)
  const mayRetry =
    failures < jobAttemptsMax &&
    retryAtMs < job.expiresAtMs &&
    job.offered < jobOffersMax &&
    // Nobody knows what it has done by then: that is for the operator to look at.
    reason !== 'agent_restarted'
  const failed = { ...closed, failures, retryAtMs }
  return {
    job: mayRetry ? { ...failed, state: 'queued' } : end(failed, 'failed', nowMs),
    proceed: false,
  }
}

export function cancelJob(given: JobRecord, by: string, nowMs: number): JobRecord {
  const job = passTime(given, nowMs)
  return isOver(job) ? job : { ...end(job, 'cancelled', nowMs), reason: `by ${by}` }
}

/** What the clock alone does to a job: read at any later time, it is the same as if it was written. */
export function passTime(job: JobRecord, nowMs: number): JobRecord {
  if (isOver(job)) return job
  if (nowMs >= deadlineOf(job)) {
    const reason = job.accepted > job.closed ? 'no_result' : 'not_accepted'
    return { ...end(job, 'timed_out', nowMs), reason }
  }
  const isRunning = job.state === 'accepted' || job.state === 'running'
  if (!isRunning || nowMs < job.leaseUntilMs || nowMs >= job.expiresAtMs) return job
  return { ...job, state: 'queued', retryAtMs: nowMs + backoffMs(job.offered) }
}

function deadlineOf({ accepted, closed, acceptedAtMs, timeoutMs, expiresAtMs }: JobRecord): number {
  const isTaken = accepted > closed && acceptedAtMs !== null
  return isTaken ? Math.max(expiresAtMs, acceptedAtMs + timeoutMs + resultGraceMs) : expiresAtMs
}

const end = (job: JobRecord, state: JobState, endedAtMs: number): JobRecord => ({
  ...job,
  state,
  endedAtMs,
})

const backoffMs = (count: number): number =>
  Math.min(backoffMsMax, backoffMsMin * 2 ** Math.min(count - 1, 10))
