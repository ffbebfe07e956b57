// What a full disk, a stop and a death in the middle of a job cost: an attempt, never a second run.
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import type { Outcome } from '../../../../apps/host/jobs/ground.ts'
import { seq, startRunner } from './start-runner.ts'
import { nowMs } from './support.ts'

describe('a disk that takes no more', () => {
  it('costs an attempt that was not begun, and nothing that comes after', async () => {
    // The change that says it is running.
    const { runner, ran, results, entries } = await startRunner({ diskFails: (at) => at === 2 })
    runner.offer([seq(11)])
    await vi.waitFor(() => expect(runner.standing()).toEqual({ active: [], last_seq: 11 }))
    expect({ ran, results: results() }).toEqual({ ran: [], results: [] })
    runner.offer([seq(12)])
    await vi.waitFor(async () => expect(await entries()).toEqual([]))
    runner.offer([seq(12)])
    await vi.waitFor(() => expect(results()).toHaveLength(2))
    expect(results()).toMatchObject([
      { status: 'failed', reason: 'not_begun' },
      { status: 'succeeded' },
    ])
  })

  it('at the start of the agent is told, and the agent lives', async () => {
    const first = await startRunner({ answer: ({ kind }) => (kind === 'result' ? 'lost' : {}) })
    first.runner.offer([seq(11)])
    await vi.waitFor(async () => expect((await first.entries())[0]?.phase).toBe('done'))
    await first.end()
    // Recovered, then delivered, and then the disk is full.
    const second = await startRunner({ path: first.path, diskFails: (at) => at === 2 })
    await vi.waitFor(() => expect(second.results()).toHaveLength(1))
    await vi.waitFor(() => expect(second.runner.standing().active).toEqual([]))
    expect(await second.entries()).toHaveLength(1)
    second.runner.offer([seq(12)])
    await vi.waitFor(async () => expect(await second.entries()).toEqual([]))
  })
})

describe('an agent that stops', () => {
  it('does not wait for a job that heeds no signal', async () => {
    const hangs = () => new Promise<Outcome>(() => undefined)
    const { runner, ran, end } = await startRunner({ execute: hangs })
    runner.offer([seq(11)])
    await vi.waitFor(() => expect(ran).toHaveLength(1))
    await end()
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

  it('tells so before it takes what is offered early, and mistakes neither', async () => {
    const { path } = await died('running')
    const { results, ran } = await startRunner({ path, early: [seq(12, 'drain')] })
    await vi.waitFor(() => expect(results()).toHaveLength(2))
    expect(results()).toContainEqual(expect.objectContaining({ reason: 'agent_restarted' }))
    expect(results()).toContainEqual(expect.objectContaining({ status: 'succeeded' }))
    expect(ran).toEqual(['drain'])
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
