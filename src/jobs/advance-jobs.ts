/**
 * What passes with time: jobs that nobody answers for end, and rollouts take their next step. Safe
 * when run twice or not at all for a while: each step is a condition on what was read.
 */
import type { Ids, NowMs } from '../protocol/clock.ts'
import { inSlices } from '../protocol/in-slices.ts'
import { changeJob } from './change-job.ts'
import { newJob } from './job-record.ts'
import { cancelJob, passTime } from './life-cycle.ts'
import type { JobPlace, JobStore, RolloutStore } from './ports.ts'
import { afterQueueing, type Rollout, takeTurns, tallyRollout } from './rollout.ts'

export type AdvanceDeps = {
  readonly jobs: Pick<JobStore, 'openJobs' | 'readJobAt' | 'writeJob' | 'queueJob'>
  readonly rollouts: Pick<RolloutStore, 'activeRolloutIds' | 'readRollout' | 'writeRollout'>
  readonly ids: Ids
  readonly nowMs: NowMs
}

export type AdvanceReport = { readonly openJobs: number; readonly rollouts: number }

/**
 * One pass looks at no more, the oldest first. Those beyond read as ended all the same, and are
 * written down by a later pass.
 */
const openJobsMax = 20_000

export async function advanceJobs(deps: AdvanceDeps): Promise<AdvanceReport> {
  const failures: unknown[] = []
  const kept = (work: Promise<unknown>) => work.catch((error) => void failures.push(error))
  const places = await firstOpenJobs(deps)
  await inSlices(places, (place) => kept(letTimePass(deps, place)))
  const active = await deps.rollouts.activeRolloutIds()
  for (const rolloutId of active) await kept(advanceRollout(deps, rolloutId))
  // One that cannot be read keeps no other from its turn, and is told of.
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} steps failed`)
  return { openJobs: places.length, rollouts: active.length }
}

async function firstOpenJobs({ jobs }: AdvanceDeps): Promise<readonly JobPlace[]> {
  const places: JobPlace[] = []
  for await (const place of jobs.openJobs()) {
    places.push(place)
    if (places.length === openJobsMax) break
  }
  return places
}

const letTimePass = ({ jobs, nowMs }: AdvanceDeps, place: JobPlace) =>
  changeJob(jobs, place, (job) => ({ job: passTime(job, nowMs()), answer: undefined }))

/**
 * What a pass is to queue is stored before any of it is, so that no job exists that the rollout does
 * not know of: whoever gives it up, or goes on for a pass that was lost, finds them all.
 */
async function advanceRollout(deps: AdvanceDeps, rolloutId: string): Promise<void> {
  const before = await deps.rollouts.readRollout(rolloutId)
  if (!before) return
  const nowMs = deps.nowMs()
  const seen = await inSlices(before.open, async (place) => {
    const job = await deps.jobs.readJobAt(place)
    return [place.jobId, job && passTime(job, nowMs)] as const
  })
  const tallied = tallyRollout(before, new Map(seen), nowMs)
  const intended = { ...takeTurns(tallied, nowMs), rev: before.rev + 1 }
  // Another pass was faster and goes on with it.
  if (!(await deps.rollouts.writeRollout(intended, before.rev))) return
  const made = await inSlices(intended.pending, (nodeId) => queue(deps, intended, nodeId))
  if (intended.state === 'aborted') {
    // Those that were pending are queued first: their references are taken then, and a pass that
    // still is at it makes no job that nobody takes back.
    const places = [...intended.open, ...made.filter((place) => place !== undefined)]
    await inSlices(places, (place) => cancel(deps, intended, place))
  }
  if (intended.pending.length === 0) return
  const queued = { ...afterQueueing(intended, made, nowMs), rev: intended.rev + 1 }
  await deps.rollouts.writeRollout(queued, intended.rev)
}

const cancel = ({ jobs, nowMs }: AdvanceDeps, { rolloutId }: Rollout, place: JobPlace) =>
  changeJob(jobs, place, (job) => ({ job: cancelJob(job, rolloutId, nowMs()), answer: undefined }))

/** By a reference that the rollout and the node make: a turn that is taken twice is one job. */
async function queue(
  { jobs, ids, nowMs }: AdvanceDeps,
  { rolloutId, ordered }: Rollout,
  nodeId: string,
): Promise<JobPlace | undefined> {
  const jobId = `job_${ids.ulid(nowMs())}`
  const reference = `${rolloutId}/${nodeId}`
  const outcome = await jobs.queueJob(newJob({ ...ordered, jobId, nodeId, reference, rolloutId }))
  if (outcome.kind === 'queued') return { nodeId, jobId }
  return outcome.kind === 'reference_taken' ? { nodeId, jobId: outcome.jobId } : undefined
}
