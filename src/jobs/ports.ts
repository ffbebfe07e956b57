/** What jobs and rollouts need of a store. */
import type { Page, Paged } from '../ledger/ports.ts'
import type { JobRecord } from './job-record.ts'
import type { Rollout } from './rollout.ts'

export type QueueOutcome =
  | { readonly kind: 'queued' }
  | { readonly kind: 'reference_taken'; readonly jobId: string }
  | { readonly kind: 'no_node' }
  /** So many of its jobs are open that another one must wait. */
  | { readonly kind: 'too_many' }

export type JobPlace = { readonly nodeId: string; readonly jobId: string }

export type JobStore = {
  /** Writes the job, takes its reference and puts it on its node's list, all or nothing. */
  readonly queueJob: (job: JobRecord) => Promise<QueueOutcome>
  readonly readJob: (jobId: string) => Promise<JobRecord | undefined>
  readonly readJobAt: (place: JobPlace) => Promise<JobRecord | undefined>
  /** Newest first; continued after an id. */
  readonly listJobs: (nodeId: string, page: Page) => Promise<Paged<JobRecord>>
  /** False when it was written since `fromRev`. One that is over leaves its node's list with it. */
  readonly writeJob: (job: JobRecord, fromRev: number) => Promise<boolean>
  /** Above every one that this node was given before; some are never used. */
  readonly nextSeq: (nodeId: string) => Promise<number>
  /** Of all nodes, oldest first. */
  readonly openJobs: () => AsyncIterable<JobPlace>
}

export type CreateOutcome =
  | { readonly kind: 'created' }
  | { readonly kind: 'reference_taken'; readonly rolloutId: string }
  /** So many are under way that another one must wait. */
  | { readonly kind: 'too_many' }

export type RolloutStore = {
  readonly createRollout: (rollout: Rollout) => Promise<CreateOutcome>
  readonly readRollout: (rolloutId: string) => Promise<Rollout | undefined>
  readonly listRollouts: (page: Page) => Promise<Paged<Rollout>>
  /** False when it was written since `fromRev`. */
  readonly writeRollout: (rollout: Rollout, fromRev: number) => Promise<boolean>
  /** Of those that run, and of those given up whose jobs are not all at their end; oldest first. */
  readonly activeRolloutIds: () => Promise<readonly string[]>
}
