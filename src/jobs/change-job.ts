/** Reads a job, lets a pure step judge it, and writes what came of it; again where another was faster. */
import type { JobRecord } from './job-record.ts'
import type { JobPlace, JobStore } from './ports.ts'

const triesMax = 5

export type Changed<T> =
  | { readonly kind: 'changed'; readonly job: JobRecord; readonly answer: T }
  | { readonly kind: 'unknown_job' }
  /** Others changed it five times meanwhile. */
  | { readonly kind: 'contended' }

/** A step that answers the same object writes nothing. */
export async function changeJob<T>(
  jobs: Pick<JobStore, 'readJobAt' | 'writeJob'>,
  place: JobPlace,
  step: (job: JobRecord) => { readonly job: JobRecord; readonly answer: T },
): Promise<Changed<T>> {
  for (let attempt = 1; attempt <= triesMax; attempt += 1) {
    const before = await jobs.readJobAt(place)
    if (!before) return { kind: 'unknown_job' }
    const { job, answer } = step(before)
    const written = { ...job, rev: before.rev + 1 }
    if (job === before) return { kind: 'changed', job, answer }
    if (await jobs.writeJob(written, before.rev)) return { kind: 'changed', job: written, answer }
  }
  return { kind: 'contended' }
}
