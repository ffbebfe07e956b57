/**
 * A job as the control plane keeps it: what was ordered, which never changes, and how far it is. The
 * three counters of attempts say everything about lost, late and repeated messages.
 */
import * as z from 'zod'
import { NodeId, Sha256Hex, ulid } from '../protocol/ids.ts'
import { JobId, JobOrder, Preflight } from '../protocol/job.ts'
import { JobState, SignedAcceptance, SignedResult } from '../protocol/job-report.ts'
import { NodeMode } from '../protocol/node-conditions.ts'
import { ReleaseVersion } from '../protocol/release.ts'

const timeMs = z.int().min(0)
const count = z.int().min(0)

export const RolloutId = z.string().regex(new RegExp(`^rollout_${ulid}$`))

const JobDraft = z.strictObject({
  jobId: JobId,
  nodeId: NodeId,
  order: JobOrder,
  /** The operator's own id of this order: asked for again, it is the same job. */
  reference: z.string(),
  actor: z.string(),
  approval: z.string().nullable(),
  /** The rollout that it is a part of. */
  rolloutId: RolloutId.nullable(),
  createdAtMs: timeMs,
  notBeforeMs: timeMs,
  expiresAtMs: timeMs,
  timeoutMs: count,
  requires: z.strictObject({ agent: ReleaseVersion, modes: z.array(NodeMode) }),
  preflight: z.array(Preflight),
  rollback: z.enum(['none', 'undo']),
})
export type JobDraft = z.infer<typeof JobDraft>

/** What an agent was offered last; the hash is that of the document it must have signed for. */
const Offer = z.strictObject({
  seq: z.int().min(1),
  keyId: z.string(),
  atMs: timeMs,
  sha256: Sha256Hex,
})

export const JobRecord = JobDraft.extend({
  /** Rises with every write: who read an older one starts over. */
  rev: count,
  state: JobState,
  /** Highest attempt that was offered, that was accepted, and that is over: never falling. */
  offered: count,
  accepted: count,
  closed: count,
  /** Attempts that ended in a failure; silences are not counted. */
  failures: count,
  offer: Offer.nullable(),
  acceptedAtMs: timeMs.nullable(),
  /** After this an agent that accepted is taken to be silent. */
  leaseUntilMs: timeMs,
  /** Not offered again before. */
  retryAtMs: timeMs,
  percent: z.int().nullable(),
  /** Of the attempt that was accepted last. */
  acceptance: SignedAcceptance.nullable(),
  /** Of the attempt that ended last. */
  result: SignedResult.nullable(),
  /** Why it is over, where no result says so. */
  reason: z.string().nullable(),
  endedAtMs: timeMs.nullable(),
})
export type JobRecord = z.infer<typeof JobRecord>

export const newJob = (draft: JobDraft): JobRecord => ({
  ...draft,
  rev: 1,
  state: 'queued',
  offered: 0,
  accepted: 0,
  closed: 0,
  failures: 0,
  offer: null,
  acceptedAtMs: null,
  leaseUntilMs: 0,
  retryAtMs: 0,
  percent: null,
  acceptance: null,
  result: null,
  reason: null,
  endedAtMs: null,
})
