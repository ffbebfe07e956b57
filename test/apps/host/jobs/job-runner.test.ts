import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Outcome } from '../../../../apps/host/jobs/ground.ts'
import { jobsFileOf, openJobJournal } from '../../../../apps/host/jobs/job-journal.ts'
import { type JobRunnerDeps, makeJobRunner } from '../../../../apps/host/jobs/job-runner.ts'
import type { SignedJob } from '../../../../src/protocol/job.ts'
import {
  type JobReport,
  type JobReportReply,
  verifyAcceptance,
  verifyResult,
} from '../../../../src/protocol/job-report.ts'
import { aSignedJob, expectation, makeGround, node, nowMs } from './support.ts'

const done: Outcome = {
  kind: 'succeeded',
  output: { note: 'fine', api_key: 'sk-abcdefghijklmnopqrst' },
}

type Options = {
  readonly path?: string
  readonly execute?: JobRunnerDeps['execute']
  /** What the control plane answers; `lost` is a reply that never came. */
  readonly answer?: (report: JobReport, calls: number) => Partial<JobReportReply> | 'lost'
}

/** An agent's end of jobs, started; sleeps pass at once, but the wait between two progress reports. */
async function startRunner(options: Options = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'b3iq-runner-'))
  const path = options.path ?? join(folder, 'jobs.json')
  const { ground } = await makeGround()
  const reports: JobReport[] = []
  const ran: string[] = []
  const stop = new AbortController()
  const runner = makeJobRunner({
    journal: await openJobJournal(path),
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

const seq = (job_seq: number, type: 'drain' | 'resume' | 'health.check' = 'health.check') =>
  aSignedJob({ job_seq }, { type, args: {} })

describe('a job that may run', () => {
  it('is accepted by signature, run once, and its result is signed and without secrets', async () => {
    const { runner, reports, ran, results, entries } = await startRunner()
    runner.offer([seq(11)])
    await vi.waitFor(async () => expect(await entries()).toEqual([]))
    await vi.waitFor(() => expect(results()).toHaveLength(1))
    const [first, second] = reports
    if (first?.kind !== 'acceptance' || second?.kind !== 'result') throw new Error('out of order')
    expect(verifyAcceptance(first.acceptance, node.publicKey)).toBe(true)
    expect(verifyResult(second.result, node.publicKey)).toBe(true)
    expect(results()[0]).toMatchObject({
      status: 'succeeded',
      reason: null,
      output: { note: 'fine', api_key: '[redacted]' },
    })
    expect(ran).toEqual(['health.check'])
  })

  it('offered again while it runs, or after, is not run again', async () => {
    const { runner, ran, results } = await startRunner()
    const job = seq(11)
    for (let offer = 0; offer < 3; offer += 1) runner.offer([job])
    await vi.waitFor(() => expect(results()).toHaveLength(1))
    runner.offer([job])
    await delay(20)
    expect(ran).toHaveLength(1)
    expect(runner.standing()).toEqual({ active: [], last_seq: 11 })
  })

  it('is not run before its acceptance was heard, however often it must be said', async () => {
    const { runner, ran, reports, results } = await startRunner({
      answer: (_, calls) => (calls < 4 ? 'lost' : {}),
    })
    runner.offer([seq(11)])
    await vi.waitFor(() => expect(results()).toHaveLength(1))
    expect(reports.map(({ kind }) => kind).slice(0, 5)).toEqual([
      ...Array(4).fill('acceptance'),
      'result',
    ])
    expect(ran).toHaveLength(1)
  })

  it('is not run where the control plane has ended it meanwhile', async () => {
    const { runner, ran, reports, entries } = await startRunner({
      answer: () => ({ state: 'cancelled', proceed: false }),
    })
    runner.offer([seq(11)])
    await vi.waitFor(() => expect(reports).toHaveLength(1))
    await vi.waitFor(async () => expect(await entries()).toEqual([]))
    expect(ran).toEqual([])
  })

  it('keeps its result until it is heard', async () => {
    let lost = 5
    const { runner, reports, entries } = await startRunner({
      answer: (report) => {
        if (report.kind !== 'result') return {}
        lost -= 1
        return lost > 0 ? 'lost' : {}
      },
    })
    runner.offer([seq(11)])
    await vi.waitFor(async () => {
      expect(reports.filter(({ kind }) => kind === 'result')).toHaveLength(5)
      expect(await entries()).toEqual([])
    })
  })

  it('ends at its time-out', async () => {
    const { runner, results } = await startRunner({
      execute: (_, { signal }) =>
        new Promise((resolve) => {
          const late = { kind: 'failed', reason: 'aborted' } as const
          signal.addEventListener('abort', () => resolve(late), { once: true })
        }),
    })
    runner.offer([aSignedJob({ timeout_ms: 1_000 })])
    await vi.waitFor(() => expect(results()).toHaveLength(1), 3_000)
    expect(results()[0]).toMatchObject({ status: 'timed_out', reason: 'aborted' })
  })

  it('ends when a progress report hears that it was cancelled', async () => {
    const { runner, results } = await startRunner({
      execute: (_, { signal }) =>
        new Promise((resolve) => {
          const undone = { kind: 'rolled_back', reason: 'aborted' } as const
          signal.addEventListener('abort', () => resolve(undone), { once: true })
        }),
      answer: ({ kind }) => (kind === 'progress' ? { state: 'cancelled', proceed: false } : {}),
    })
    runner.offer([seq(11)])
    await vi.waitFor(() => expect(results()).toHaveLength(1))
    expect(results()[0]).toMatchObject({ status: 'rolled_back' })
  })

  it('that throws is a failure', async () => {
    const { runner, results } = await startRunner({ execute: () => Promise.reject(new Error('x')) })
    runner.offer([seq(11)])
    await vi.waitFor(() => expect(results()[0]).toMatchObject({ reason: 'agent_fault' }))
  })
})

describe('a job that must not run', () => {
  it.each([
    ['expired', aSignedJob({ expires_at_ms: nowMs })],
    ['unknown_type', aSignedJob({ type: 'shell.run', args: {} })],
    ['preflight_disk_free_50gib', aSignedJob({ preflight: ['idle', 'disk_free_50gib'] })],
  ])('is refused with a signed reason: %s', async (reason, job) => {
    const { runner, ran, results } = await startRunner()
    runner.offer([job])
    await vi.waitFor(() => expect(results()).toMatchObject([{ status: 'rejected', reason }]))
    expect(ran).toEqual([])
    expect(runner.standing().last_seq).toBe(11)
  })

  it('and nobody of ours has signed gets no answer', async () => {
    const { runner, ran, reports } = await startRunner()
    runner.offer([{ ...aSignedJob(), signature: 'A'.repeat(86) }, null, 'job'])
    await delay(20)
    expect({ ran, reports }).toEqual({ ran: [], reports: [] })
  })
})

describe('one agent', () => {
  it('runs one job of a type at a time and takes nothing behind it', async () => {
    const gate = Promise.withResolvers<void>()
    const { runner, ran, results } = await startRunner({
      execute: async () => {
        await gate.promise
        return done
      },
    })
    const jobs: SignedJob[] = [seq(11, 'drain'), seq(12, 'resume'), seq(13, 'drain'), seq(14)]
    runner.offer(jobs)
    await vi.waitFor(() => expect(ran).toEqual(['drain', 'resume']))
    expect(runner.standing()).toMatchObject({ last_seq: 12 })
    gate.resolve()
    await vi.waitFor(() => expect(results()).toHaveLength(2))
    await vi.waitFor(() => expect(runner.standing().active).toEqual([]))
    runner.offer(jobs)
    await vi.waitFor(() => expect(ran).toEqual(['drain', 'resume', 'drain', 'health.check']))
  })
})

describe('an agent that died', () => {
  async function died(phase: 'taken' | 'running') {
    const hangs = () => new Promise<Outcome>(() => undefined)
    const folder = await mkdtemp(join(tmpdir(), 'b3iq-died-'))
    const path = join(folder, 'jobs.json')
    const job = seq(11)
    // As the file lies on the disk in the middle of a job: nothing of the process is left.
    const entry =
      phase === 'taken' ? { phase, job: job.job } : { phase, job: job.job, started_at_ms: nowMs }
    const state = { v: 1, last_seq: 11, drained: false, settings: {}, entries: [entry] }
    await writeFile(path, JSON.stringify(state))
    return { job, path, execute: hangs }
  }

  it.each([
    ['running', 'agent_restarted'],
    ['taken', 'not_begun'],
  ] as const)('while a job was %s says so and never runs it again', async (phase, reason) => {
    const { job, path, execute } = await died(phase)
    const { runner, ran, results, entries } = await startRunner({ path, execute })
    runner.offer([job])
    await vi.waitFor(() => expect(results()).toMatchObject([{ status: 'failed', reason }]))
    await vi.waitFor(async () => expect(await entries()).toEqual([]))
    expect(ran).toEqual([])
  })

  it('with a result on its disk delivers that one', async () => {
    const first = await startRunner({ answer: ({ kind }) => (kind === 'result' ? 'lost' : {}) })
    first.runner.offer([seq(11)])
    await vi.waitFor(async () => expect((await first.entries())[0]?.phase).toBe('done'))
    await first.end()
    const second = await startRunner({ path: first.path })
    await vi.waitFor(() => expect(second.results()).toMatchObject([{ status: 'succeeded' }]))
    await vi.waitFor(async () => expect(await second.entries()).toEqual([]))
    expect(second.results()[0]).toEqual(first.results()[0])
  })
})

describe('the job file', () => {
  it('lies beside the state file', () => {
    expect(jobsFileOf('/var/b3iq/state.json')).toBe('/var/b3iq/state.jobs.json')
  })

  it('that is damaged stops the agent in one sentence', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'b3iq-journal-')), 'jobs.json')
    await writeFile(path, '{"v":1')
    await expect(openJobJournal(path)).rejects.toThrow(
      /^The job file .* cannot be read: restore it/,
    )
  })

  it('that cannot be written changes nothing', async () => {
    const folder = join(await mkdtemp(join(tmpdir(), 'b3iq-journal-')), 'state')
    const journal = await openJobJournal(join(folder, 'jobs.json'))
    await writeFile(folder, 'a file where the folder should be')
    await expect(journal.change(() => ({ last_seq: 7 }))).rejects.toThrow()
    expect(journal.get().last_seq).toBe(0)
    await rm(folder)
    await journal.change(() => ({ last_seq: 8 }))
    expect(JSON.parse(await readFile(join(folder, 'jobs.json'), 'utf8')).last_seq).toBe(8)
  })
})
