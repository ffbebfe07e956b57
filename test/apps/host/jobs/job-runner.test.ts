import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import type { Outcome } from '../../../../apps/host/jobs/ground.ts'
import type { SignedJob } from '../../../../src/protocol/job.ts'
import { verifyAcceptance, verifyResult } from '../../../../src/protocol/job-report.ts'
import { done, seq, startRunner } from './start-runner.ts'
import { aSignedJob, node, nowMs } from './support.ts'

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
    // What it did is written down before it counts as over, which takes a busy disk longer.
    await vi.waitFor(() => expect(runner.standing()).toEqual({ active: [], last_seq: 11 }))
    expect(ran).toHaveLength(1)
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

describe('an attempt at a job that is still under way here', () => {
  it('is not refused over its head, even where the job has expired since', async () => {
    const gate = Promise.withResolvers<Outcome>()
    const { runner, results, entries } = await startRunner({ execute: () => gate.promise })
    const first = seq(11)
    runner.offer([first])
    await vi.waitFor(async () => expect((await entries())[0]?.phase).toBe('running'))
    const { job_id } = first.job
    runner.offer([aSignedJob({ job_id, attempt: 2, job_seq: 12, expires_at_ms: nowMs })])
    await delay(20)
    expect(runner.standing().last_seq).toBe(11)
    gate.resolve(done)
    await vi.waitFor(async () => expect(await entries()).toEqual([]))
    expect(results()).toMatchObject([{ attempt: 1, status: 'succeeded' }])
  })
})
