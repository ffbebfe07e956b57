/**
 * What a node says of a job: that it has accepted it, how far it is, how it ended. Acceptance and
 * result are signed documents of their own, evidence that outlives the request that carried them.
 */
import * as z from 'zod'
import { canonicalJson } from './canonical.ts'
import { Signature, type Signer, verifyTagged } from './ed25519.ts'
import { NodeId, Sha256Hex } from './ids.ts'
import { JobId, jobOffersMax } from './job.ts'
import { limits } from './limits.ts'

const timeMs = z.int().min(0)
const attempt = z.int().min(1).max(jobOffersMax)

/** Which attempt of which job is spoken of; the hash is that of the signed job. */
const about = {
  v: z.literal(1),
  stage: z.string().min(1).max(32),
  job_id: JobId,
  attempt,
  node_id: NodeId,
  job_sha256: Sha256Hex,
}

export const JobAcceptance = z.strictObject({
  ...about,
  agent_version: z.string().max(64),
  accepted_at_ms: timeMs,
})
export type JobAcceptance = z.infer<typeof JobAcceptance>

export const JobResult = z.strictObject({
  ...about,
  status: z.enum(['succeeded', 'failed', 'rejected', 'timed_out', 'rolled_back']),
  /** A code such as `unknown_type`; null where it succeeded. */
  reason: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,63}$/)
    .nullable(),
  /** What the type tells of itself, with secrets taken out. */
  output: z.json(),
  started_at_ms: timeMs.nullable(),
  finished_at_ms: timeMs,
})
export type JobResult = z.infer<typeof JobResult>

export const SignedAcceptance = z.strictObject({ acceptance: JobAcceptance, signature: Signature })
export type SignedAcceptance = z.infer<typeof SignedAcceptance>
export const SignedResult = z.strictObject({ result: JobResult, signature: Signature })
export type SignedResult = z.infer<typeof SignedResult>

export const JobProgress = z.strictObject({
  attempt,
  /** Null where the type cannot tell how much is left. */
  percent: z.int().min(0).max(100).nullable(),
})
export type JobProgress = z.infer<typeof JobProgress>

/** Body of `POST /ingest/v1/jobs/{job_id}/result`. */
export const JobReport = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('acceptance'), acceptance: SignedAcceptance }),
  z.strictObject({ kind: z.literal('progress'), progress: JobProgress }),
  z.strictObject({ kind: z.literal('result'), result: SignedResult }),
])
export type JobReport = z.infer<typeof JobReport>

export const JobState = z.enum([
  'queued',
  'offered',
  'accepted',
  'running',
  'succeeded',
  'failed',
  'rejected',
  'timed_out',
  'cancelled',
  'rolled_back',
])
export type JobState = z.infer<typeof JobState>

export const JobReportReply = z.object({
  ok: z.literal(true),
  server_time_ms: z.int(),
  state: JobState,
  /** False: this attempt is to be given up, or is over. */
  proceed: z.boolean(),
})
export type JobReportReply = z.infer<typeof JobReportReply>

export const signAcceptance = (acceptance: JobAcceptance, by: Signer): SignedAcceptance => ({
  acceptance,
  signature: by.sign('b3iq:job-acceptance:v1', acceptance),
})

export const verifyAcceptance = (
  { acceptance, signature }: SignedAcceptance,
  publicKey: string,
): boolean => verifyTagged('b3iq:job-acceptance:v1', acceptance, { publicKey, signature })

export const signResult = (result: JobResult, by: Signer): SignedResult => ({
  result,
  signature: by.sign('b3iq:job-result:v1', result),
})

export const verifyResult = ({ result, signature }: SignedResult, publicKey: string): boolean =>
  verifyTagged('b3iq:job-result:v1', result, { publicKey, signature })

export const isResultSmall = (result: JobResult): boolean =>
  Buffer.byteLength(canonicalJson(result)) <= limits.jobResultBytes
