/** Sound jobs and what agents say of them, each changed as a test needs it. */
import { ulid } from 'ulid'
import { type JobDraft, type JobRecord, newJob } from '../../src/jobs/job-record.ts'
import { generatePrivateKey, makeSigner } from '../../src/protocol/ed25519.ts'
import type { Job } from '../../src/protocol/job.ts'
import { jobHash } from '../../src/protocol/job.ts'
import {
  type JobResult,
  type SignedAcceptance,
  type SignedResult,
  signAcceptance,
  signResult,
} from '../../src/protocol/job-report.ts'

export const nowMs = Date.UTC(2026, 10, 21, 5, 10)
export const hourMs = 3_600_000
export const nodeId = `n_${'a'.repeat(26)}`
export const agent = makeSigner(generatePrivateKey())

let made = 0

export function aDraft(changes: Partial<JobDraft> = {}): JobDraft {
  made += 1
  const jobId = `job_${ulid(nowMs + made)}`
  return {
    jobId,
    nodeId,
    order: { type: 'health.check', args: {} },
    reference: `reference-${made}`,
    actor: 'key_1',
    approval: null,
    rolloutId: null,
    createdAtMs: nowMs,
    notBeforeMs: nowMs,
    expiresAtMs: nowMs + hourMs,
    timeoutMs: 60_000,
    requires: { agent: '0.0.0', modes: ['managed', 'network'] },
    preflight: [],
    rollback: 'none',
    ...changes,
  }
}

export const aJob = (changes: Partial<JobDraft> = {}): JobRecord => newJob(aDraft(changes))

export const anOffer = (seq: number, atMs = nowMs): NonNullable<JobRecord['offer']> => ({
  seq,
  keyId: 'jk_1',
  atMs,
  sha256: '0'.repeat(64),
})

type About = Pick<Job, 'job_id' | 'node_id' | 'attempt' | 'stage'> & { readonly sha256: string }

export const aboutOf = (job: Job): About => ({ ...job, sha256: jobHash(job) })

export const about = (job: JobRecord, attempt = job.offered): About => ({
  job_id: job.jobId,
  node_id: job.nodeId,
  attempt,
  stage: 'test',
  sha256: job.offer?.sha256 ?? '0'.repeat(64),
})

export function accepted(of: About, signer = agent): SignedAcceptance {
  const { job_id, node_id, attempt, stage, sha256: job_sha256 } = of
  return signAcceptance(
    {
      v: 1,
      stage,
      job_id,
      attempt,
      node_id,
      job_sha256,
      agent_version: '0.1.0',
      accepted_at_ms: nowMs,
    },
    signer,
  )
}

export function ended(
  of: About,
  status: JobResult['status'],
  reason: string | null = null,
  signer = agent,
): SignedResult {
  const { job_id, node_id, attempt, stage, sha256: job_sha256 } = of
  return signResult(
    {
      v: 1,
      stage,
      job_id,
      attempt,
      node_id,
      job_sha256,
      status,
      reason: status === 'succeeded' ? null : (reason ?? 'some_reason'),
      output: null,
      started_at_ms: nowMs,
      finished_at_ms: nowMs,
    },
    signer,
  )
}
