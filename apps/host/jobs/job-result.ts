/** The signed result of one attempt: within its bound, and with no secret in it. */
import type { Signer } from '../../../src/protocol/ed25519.ts'
import { type Job, jobHash } from '../../../src/protocol/job.ts'
import {
  isResultSmall,
  type JobResult,
  type SignedResult,
  signResult,
} from '../../../src/protocol/job-report.ts'
import { type Json, redact } from './redact.ts'

export type ResultFacts = {
  readonly status: JobResult['status']
  readonly reason?: string | null
  readonly output?: Json
  /** Left out where nothing was begun. */
  readonly startedAtMs?: number
}

export const aboutJob = (job: Job) => ({
  v: 1 as const,
  stage: job.stage,
  job_id: job.job_id,
  attempt: job.attempt,
  node_id: job.node_id,
  job_sha256: jobHash(job),
})

export function resultOf(
  job: Job,
  facts: ResultFacts & { readonly finishedAtMs: number },
  signer: Signer,
): SignedResult {
  const { status, reason = null, output = null, startedAtMs = null, finishedAtMs } = facts
  const result: JobResult = {
    ...aboutJob(job),
    status,
    reason,
    output: redact(output),
    started_at_ms: startedAtMs,
    finished_at_ms: finishedAtMs,
  }
  const small = isResultSmall(result) ? result : { ...result, output: { left_out: 'too_large' } }
  return signResult(small, signer)
}
