/** The runner of jobs with a journal on the disk and a control plane that a test scripts. */
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import type { Outcome } from '../../../../apps/host/jobs/ground.ts'
import { openJobJournal } from '../../../../apps/host/jobs/job-journal.ts'
import { type JobRunnerDeps, makeJobRunner } from '../../../../apps/host/jobs/job-runner.ts'
import type { SignedJob } from '../../../../src/protocol/job.ts'
import type { JobReport, JobReportReply } from '../../../../src/protocol/job-report.ts'
import { aSignedJob, expectation, makeGround, node, nowMs } from './support.ts'

export const done: Outcome = {
  kind: 'succeeded',
  output: { note: 'fine', api_key: 'sk-abcdefghijklmnopqrst' },
}

type Options = {
  readonly path?: string
  readonly execute?: JobRunnerDeps['execute']
  /** What the control plane answers; `lost` is a reply that never came. */
  readonly answer?: (report: JobReport, calls: number) => Partial<JobReportReply> | 'lost'
  /** Whether the disk fails at this change, counted from 1. */
  readonly diskFails?: (changes: number) => boolean
  /** Offered before the runner runs. */
  readonly early?: readonly SignedJob[]
}

async function openJournal(path: string, { diskFails = () => false }: Options) {
  const journal = await openJobJournal(path)
  let changes = 0
  return {
    ...journal,
    change: (change: Parameters<typeof journal.change>[0]) => {
      changes += 1
      return diskFails(changes) ? Promise.reject(new Error('ENOSPC')) : journal.change(change)
    },
  }
}

/** An agent's end of jobs, started; sleeps pass at once, but the wait between two progress reports. */
export async function startRunner(options: Options = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'b3iq-runner-'))
  const path = options.path ?? join(folder, 'jobs.json')
  const { ground } = await makeGround()
  const reports: JobReport[] = []
  const ran: string[] = []
  const stop = new AbortController()
  const runner = makeJobRunner({
    journal: await openJournal(path, options),
    expectation: () => expectation,
    signer: node,
    preflight: ground,
    execute: async (order, run) => {
      ran.push(order.type)
      return options.execute ? options.execute(order, run) : done
    },
    report: async (_, report) => {
      reports.push(report)
      const answer = options.answer?.(report, reports.length) ?? {}
      if (answer === 'lost') {
        return { ok: false, error: { code: 'unreachable', message: 'lost' } }
      }
      const proceed = report.kind !== 'result'
      const value = {
        ok: true,
        server_time_ms: nowMs,
        state: 'running',
        proceed,
        ...answer,
      } as const
      return { ok: true, value }
    },
    sleep: async (ms, signal) => {
      await delay(ms >= 20_000 ? 50 : 1, undefined, signal ? { signal } : {}).catch(() => undefined)
    },
    log: () => undefined,
  })
  runner.offer(options.early ?? [])
  const running = runner.run(stop.signal)
  const end = async () => {
    stop.abort()
    await running
  }
  onTestFinished(end)
  const results = () => reports.flatMap((one) => (one.kind === 'result' ? [one.result.result] : []))
  const entries = async () => (await openJobJournal(path)).get().entries
  return { runner, reports, ran, path, results, entries, end }
}

export const seq = (job_seq: number, type: 'drain' | 'resume' | 'health.check' = 'health.check') =>
  aSignedJob({ job_seq }, { type, args: {} })
