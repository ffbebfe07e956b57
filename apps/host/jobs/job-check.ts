/**
 * Whether a job may run on this node, decided before anything of it is done. What was not signed by
 * a known job key for this very node, or comes again, is dropped without an answer; what is genuine
 * and cannot be done is refused with a reason.
 */
import type { JobPublicKey } from '../../../src/protocol/enrolment.ts'
import type { Heartbeat } from '../../../src/protocol/heartbeat.ts'
import {
  isGenuineJob,
  type Job,
  type JobOrder,
  jobLifeMsMax,
  jobTerms,
  orderOf,
  SignedJob,
} from '../../../src/protocol/job.ts'
import { compareVersions } from '../../../src/protocol/release.ts'

export type JobExpectation = {
  readonly stage: string
  readonly nodeId: string
  readonly jobKeys: readonly JobPublicKey[]
  /** The highest number that was ever taken, kept over restarts. */
  readonly lastSeq: number
  /** By the server's clock. */
  readonly nowMs: number
  readonly agentVersion: string
  readonly mode: Heartbeat['mode']
}

export type DropReason =
  | 'malformed'
  | 'unknown_key'
  | 'bad_signature'
  | 'wrong_stage'
  | 'wrong_node'
  | 'replayed'

export type RejectReason =
  | 'expired'
  | 'bad_terms'
  | 'unknown_type'
  | 'invalid_args'
  | 'agent_too_old'
  | 'mode_not_allowed'

export type Verdict =
  | { readonly kind: 'drop'; readonly why: DropReason }
  /** Its time has not come: it will be offered again. */
  | { readonly kind: 'wait' }
  | { readonly kind: 'reject'; readonly job: Job; readonly reason: RejectReason }
  | { readonly kind: 'run'; readonly job: Job; readonly order: JobOrder }

/** As for tickets: how far the corrected clock may be off. */
const clockToleranceMs = 5_000

export function judgeJob(offered: unknown, expected: JobExpectation): Verdict {
  const signed = SignedJob.safeParse(offered)
  if (!signed.success) return { kind: 'drop', why: 'malformed' }
  const { job } = signed.data
  const why = strangeness(signed.data, expected)
  if (why !== undefined) return { kind: 'drop', why }
  if (expected.nowMs < job.not_before_ms - clockToleranceMs) return { kind: 'wait' }
  const found = orderOf(job)
  if (expected.nowMs >= job.expires_at_ms) return { kind: 'reject', job, reason: 'expired' }
  if (found.kind !== 'known') return { kind: 'reject', job, reason: found.kind }
  const { order } = found
  const reason = unfitness(job, order, expected)
  return reason === undefined ? { kind: 'run', job, order } : { kind: 'reject', job, reason }
}

function strangeness(signed: SignedJob, expected: JobExpectation): DropReason | undefined {
  const { job } = signed
  const key = expected.jobKeys.find(({ key_id }) => key_id === job.key_id)
  if (key === undefined) return 'unknown_key'
  if (!isGenuineJob(signed, key.public_key)) return 'bad_signature'
  if (job.stage !== expected.stage) return 'wrong_stage'
  if (job.node_id !== expected.nodeId) return 'wrong_node'
  return job.job_seq <= expected.lastSeq ? 'replayed' : undefined
}

function unfitness(
  job: Job,
  { type }: JobOrder,
  { agentVersion, mode }: JobExpectation,
): RejectReason | undefined {
  const terms = jobTerms[type]
  const isLong = job.expires_at_ms - job.issued_at_ms > jobLifeMsMax
  if (isLong || job.timeout_ms > terms.timeoutMsMax) return 'bad_terms'
  if (compareVersions(agentVersion, job.requires.agent) < 0) return 'agent_too_old'
  const isAllowed = job.requires.modes.includes(mode) && terms.modes.includes(mode)
  return isAllowed ? undefined : 'mode_not_allowed'
}
