/**
 * What must outlive a crash for no job to run twice: the highest number taken, the jobs under way,
 * the results that the control plane has not confirmed, and what jobs have set. A change counts
 * when it is on the disk, and not before.
 */
import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import { Job } from '../../../src/protocol/job.ts'
import { SignedResult } from '../../../src/protocol/job-report.ts'
import { replaceFile } from '../durable-file.ts'
import { errorCode, StatedError } from '../stated-error.ts'

/** Ceilings set by `config.set`; absent where none was set. */
export const JobSettings = z.object({
  max_concurrency: z.int().min(1).optional(),
  paid_enabled: z.boolean().optional(),
})
export type JobSettings = z.infer<typeof JobSettings>

const Entry = z.discriminatedUnion('phase', [
  z.object({ phase: z.literal('taken'), job: Job }),
  z.object({ phase: z.literal('running'), job: Job, started_at_ms: z.int() }),
  z.object({ phase: z.literal('done'), job: Job, result: SignedResult }),
])
export type JobEntry = z.infer<typeof Entry>

const Journal = z.object({
  v: z.literal(1),
  last_seq: z.int().min(0),
  /** By a job `drain`, until `resume`. */
  drained: z.boolean(),
  settings: JobSettings,
  entries: z.array(Entry),
})
export type JournalState = z.infer<typeof Journal>

const fresh: JournalState = { v: 1, last_seq: 0, drained: false, settings: {}, entries: [] }

export type JobJournal = {
  readonly get: () => JournalState
  /** Rejects where the disk does not take it; then nothing has changed. */
  readonly change: (change: (state: JournalState) => Partial<JournalState>) => Promise<void>
}

/** Beside the state file. */
export const jobsFileOf = (stateFile: string): string =>
  `${stateFile.replace(/\.json$/, '')}.jobs.json`

/** Throws a StatedError for a damaged file: without it, an old job could be run again. */
export async function openJobJournal(path: string): Promise<JobJournal> {
  let state = await readJournal(path)
  let last: Promise<unknown> = Promise.resolve()
  return {
    get: () => state,
    change: (change) => {
      const write = last.then(async () => {
        const next = { ...state, ...change(state) }
        await replaceFile(path, `${JSON.stringify(next)}\n`)
        state = next
      })
      last = write.catch(() => undefined)
      return write
    },
  }
}

async function readJournal(path: string): Promise<JournalState> {
  try {
    return Journal.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return fresh
    throw new StatedError(
      `The job file ${path} cannot be read: restore it, or delete it once no job is under way.`,
    )
  }
}
