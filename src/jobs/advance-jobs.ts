/**
 * What passes with time: jobs that nobody answers for end, and rollouts take their next step. Safe
 * when run twice or not at all for a while: each step is a condition on what was read.
 */
import type { Ids, NowMs } from '../protocol/clock.ts'
import { changeJob } from './change-job.ts'
import { newJob } from './job-record.ts'
import { cancelJob, passTime } from './life-cycle.ts'
import type { JobPlace, JobStore, RolloutStore } from './ports.ts'
import { afterTurns, nextTurns, type Rollout, tallyRollout } from './rollout.ts'

export type AdvanceDeps = {
  readonly jobs: Pick<JobStore, 'openJobs' | 'readJobAt' | 'writeJob' | 'queueJob'>
  readonly rollouts: Pick<RolloutStore, 'activeRollouts' | 'writeRollout'>
  readonly ids: Ids
  readonly nowMs: NowMs
}

export type AdvanceReport = { readonly openJobs: number; readonly rollouts: number }

/** A thousand rollout jobs a minute for their longest life do not fill it in one stage's lifetime. */
const openJobsMax = 20_000
const atOnce = 8

export async function advanceJobs(deps: AdvanceDeps): Promise<AdvanceReport> {
  const failures: unknown[] = []
  const kept = (work: Promise<unknown>) => work.catch((error) => void failures.push(error))
  const openJobs = await expireJobs(deps, kept)
  const active = await deps.rollouts.activeRollouts()
  for (const rollout of active) await kept(advanceRollout(deps, rollout))
  // One that cannot be read keeps no other from its turn, and is told of.
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} steps failed`)
  return { openJobs, rollouts: active.length }
}

async function expireJobs(
  deps: AdvanceDeps,
  kept: (work: Promise<unknown>) => Promise<unknown>,
): Promise<number> {
  let count = 0
  let batch: JobPlace[] = []
  const flush = async () => {
    await Promise.all(batch.map((place) => kept(letTimePass(deps, place))))
    batch = []
  }
  for await (const place of deps.jobs.openJobs()) {
    count += 1
    batch.push(place)
    if (batch.length === atOnce) await flush()
    if (count === openJobsMax) break
  }
  await flush()
  return count
}

const letTimePass = ({ jobs, nowMs }: AdvanceDeps, place: JobPlace) =>
  changeJob(jobs, place, (job) => ({ job: passTime(job, nowMs()), answer: undefined }))

async function advanceRollout(deps: AdvanceDeps, rollout: Rollout): Promise<void> {
  const nowMs = deps.nowMs()
  const seen = await inSlices(rollout.open, async (place) => {
    const job = await deps.jobs.readJobAt(place)
    return [place.jobId, job && passTime(job, nowMs)] as const
  })
  const tallied = tallyRollout(rollout, new Map(seen), nowMs)
  if (tallied.state === 'aborted')
    await inSlices(tallied.open, (place) => cancel(deps, tallied, place))
  const made = await inSlices(nextTurns(tallied, nowMs), (nodeId) => queue(deps, tallied, nodeId))
  // Made by a pass that came between: its own write of the rollout stands, and finds them again.
  await deps.rollouts.writeRollout(
    { ...afterTurns(tallied, made, nowMs), rev: rollout.rev + 1 },
    rollout.rev,
  )
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

/** Answers in the order of the items. */
async function inSlices<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const done: R[] = []
  for (let from = 0; from < items.length; from += atOnce) {
    done.push(...(await Promise.all(items.slice(from, from + atOnce).map(work))))
  }
  return done
}
