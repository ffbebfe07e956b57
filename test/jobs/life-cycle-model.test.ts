// Every order of beats, losses, repetitions, crashes and cancels over the real store: one outcome.
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeFleetStore } from '../../src/adapters/dynamodb/fleet-store.ts'
import { makeJobStore } from '../../src/adapters/dynamodb/job-store.ts'
import { makeJoinCodeStore } from '../../src/adapters/dynamodb/join-code-store.ts'
import { changeJob } from '../../src/jobs/change-job.ts'
import {
  acceptJob,
  cancelJob,
  finishJob,
  isOver,
  passTime,
  progressJob,
  type Step,
} from '../../src/jobs/life-cycle.ts'
import { offerJobs } from '../../src/jobs/offer-jobs.ts'
import type { JobStore } from '../../src/jobs/ports.ts'
import { generatePrivateKey, makeSigner } from '../../src/protocol/ed25519.ts'
import { jobAttemptsMax } from '../../src/protocol/job.ts'
import { aJoinCode, aNode } from '../adapters/dynamodb/facts.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../support/embedded-dynamodb.ts'
import { aboutOf, accepted, aJob, ended, hourMs, nowMs } from './facts.ts'

let engine: EmbeddedDynamodb
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
})
afterAll(() => engine.stop())

const jobSigner = { keyId: 'jk_1', signer: makeSigner(generatePrivateKey()) }
type JobRecord = Parameters<JobStore['queueJob']>[0]
type Attempt = ReturnType<typeof aboutOf>

/** The control plane's end, over the real store, with a clock of its own. */
async function openPlane() {
  const jobs = makeJobStore(engine)
  const fleet = makeFleetStore(engine)
  const code = aJoinCode({ expiresAtMs: nowMs + hourMs })
  await makeJoinCodeStore(engine).putJoinCode(code)
  const node = aNode({ ownerId: `owner-${code.codeHash}` })
  await fleet.enrolNode(node, code.codeHash)
  const { nodeId } = node
  const queued = [
    aJob({ nodeId }),
    aJob({ nodeId, order: { type: 'drain', args: {} } }),
    aJob({ nodeId }),
  ]
  for (const job of queued) expect(await jobs.queueJob(job)).toEqual({ kind: 'queued' })
  const clock = { nowMs }
  const places = queued.map(({ jobId }) => ({ nodeId, jobId }))
  const outcomes = new Map<string, string>()
  const change = async (jobId: string, step: (job: JobRecord) => Step) => {
    const changed = await changeJob(jobs, { nodeId, jobId }, (job) => {
      const { job: next, proceed } = step(job)
      return { job: next, answer: proceed }
    })
    if (changed.kind !== 'changed') throw new Error(changed.kind)
    remember(changed.job)
    return changed.answer
  }
  function remember(job: JobRecord) {
    const before = outcomes.get(job.jobId)
    if (before !== undefined) expect(job.state, 'an end is final').toBe(before)
    else if (isOver(job)) outcomes.set(job.jobId, job.state)
    expect(job.failures).toBeLessThanOrEqual(jobAttemptsMax)
  }
  return {
    places,
    clock,
    change,
    openJobs: async () => (await fleet.readNode(nodeId))?.openJobs ?? [],
    listed: async () =>
      (await Array.fromAsync(jobs.openJobs())).filter((place) => place.nodeId === nodeId),
    states: async () => Promise.all(places.map(async (one) => (await jobs.readJobAt(one))?.state)),
    beat: async (lastSeq: number) =>
      offerJobs(
        { jobs, jobSigner, stage: 'test', nowMs: () => clock.nowMs },
        { nodeId, lastSeq, openJobs: (await fleet.readNode(nodeId))?.openJobs ?? [] },
      ),
    tick: async () => {
      for (const { jobId } of places) {
        await change(jobId, (job) => ({ job: passTime(job, clock.nowMs), proceed: false }))
      }
    },
  }
}

/** An agent by the rules: a number on its disk before it speaks, and no run before it was heard. */
type Agent = {
  lastSeq: number
  readonly disk: Map<string, { attempt: Attempt; phase: 'taken' | 'running' | 'done' }>
  readonly results: Map<string, ReturnType<typeof ended>>
  readonly begun: string[]
  readonly succeeded: Set<string>
}
const newAgent = (): Agent => ({
  lastSeq: 0,
  disk: new Map(),
  results: new Map(),
  begun: [],
  succeeded: new Set(),
})

const fate = fc.oneof(
  { weight: 3, arbitrary: fc.constant('heard') },
  { weight: 2, arbitrary: fc.constantFrom('request lost', 'reply lost', 'twice') },
)
const often = <T>(weight: number, arbitrary: fc.Arbitrary<T>) => ({ weight, arbitrary })
const event = fc.oneof(
  often(6, fc.record({ kind: fc.constant('beat' as const), isLost: fc.boolean() })),
  often(8, fc.record({ kind: fc.constant('accept' as const), fate })),
  often(3, fc.record({ kind: fc.constant('progress' as const), fate })),
  often(6, fc.record({ kind: fc.constant('finish' as const), isGood: fc.boolean() })),
  often(8, fc.record({ kind: fc.constant('result' as const), fate })),
  often(1, fc.record({ kind: fc.constant('crash' as const) })),
  often(
    4,
    fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(1_000, 31_000, 130_000) }),
  ),
  often(2, fc.record({ kind: fc.constant('tick' as const) })),
  often(1, fc.record({ kind: fc.constant('cancel' as const), which: fc.nat(2) })),
)
type Event = typeof event extends fc.Arbitrary<infer E> ? E : never

test('whatever is lost, late or repeated, an attempt runs once and a job has one outcome', async () => {
  const ends = new Set<string | undefined>()
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { minLength: 20, maxLength: 60, size: 'max' }),
      async (events) => {
        const plane = await openPlane()
        const agent = newAgent()
        for (const one of events) await happen(plane, agent, one)

        expect(new Set(agent.begun).size, 'no attempt runs twice').toBe(agent.begun.length)
        await plane.tick()
        plane.clock.nowMs += 25 * hourMs
        await plane.tick()
        const states = await plane.states()
        for (const [index, { jobId }] of plane.places.entries()) {
          if (states[index] === 'succeeded') expect(agent.succeeded).toContain(jobId)
        }
        expect(states.filter((state) => state === 'queued' || state === 'running')).toEqual([])
        for (const state of states) ends.add(state)
        expect(await plane.openJobs()).toEqual([])
        expect(await plane.listed()).toEqual([])
      },
    ),
    { numRuns: 30, seed: 20261121 },
  )
  // Histories in which nothing ever ends well would show nothing.
  expect([...ends].toSorted()).toEqual(['cancelled', 'failed', 'succeeded', 'timed_out'])
}, 120_000)

async function happen(plane: Awaited<ReturnType<typeof openPlane>>, agent: Agent, one: Event) {
  const { clock } = plane
  const inPhase = (phase: 'taken' | 'running' | 'done') =>
    [...agent.disk].find(([, entry]) => entry.phase === phase)
  const tell = async (jobId: string, how: string, step: (job: JobRecord) => Step) => {
    if (how === 'request lost') return undefined
    const answer = await plane.change(jobId, step)
    if (how === 'twice') {
      const again = await plane.change(jobId, step)
      expect(again, 'said twice, answered alike').toBe(answer)
    }
    return how === 'reply lost' ? undefined : answer
  }
  switch (one.kind) {
    case 'beat': {
      const offers = await plane.beat(agent.lastSeq)
      if (one.isLost) return
      for (const { job } of offers) {
        expect(job.job_seq, 'offers rise').toBeGreaterThan(agent.lastSeq)
        if (agent.disk.has(job.job_id)) return
        agent.lastSeq = job.job_seq
        agent.disk.set(job.job_id, { attempt: aboutOf(job), phase: 'taken' })
      }
      return
    }
    case 'accept': {
      const [jobId, entry] = inPhase('taken') ?? []
      if (!jobId || !entry) return
      const signed = accepted(entry.attempt)
      const proceed = await tell(jobId, one.fate, (job) => acceptJob(job, signed, clock.nowMs))
      if (proceed === undefined) return
      if (!proceed) return void agent.disk.delete(jobId)
      agent.begun.push(`${jobId}/${entry.attempt.attempt}`)
      agent.disk.set(jobId, { ...entry, phase: 'running' })
      return
    }
    case 'progress': {
      const [jobId, entry] = inPhase('running') ?? []
      if (!jobId || !entry) return
      const progress = { attempt: entry.attempt.attempt, percent: 5 }
      await tell(jobId, one.fate, (job) => progressJob(job, progress, clock.nowMs))
      return
    }
    case 'finish': {
      const [jobId, entry] = inPhase('running') ?? []
      if (!jobId || !entry) return
      if (one.isGood) agent.succeeded.add(jobId)
      agent.results.set(jobId, ended(entry.attempt, one.isGood ? 'succeeded' : 'failed'))
      agent.disk.set(jobId, { ...entry, phase: 'done' })
      return
    }
    case 'result': {
      const [jobId] = inPhase('done') ?? []
      const result = jobId && agent.results.get(jobId)
      if (!jobId || !result) return
      const heard = await tell(jobId, one.fate, (job) => finishJob(job, result, clock.nowMs))
      if (heard !== undefined) agent.disk.delete(jobId)
      return
    }
    case 'crash':
      for (const [jobId, entry] of agent.disk) {
        if (entry.phase === 'done') continue
        const reason = entry.phase === 'running' ? 'agent_restarted' : 'not_begun'
        agent.results.set(jobId, ended(entry.attempt, 'failed', reason))
        agent.disk.set(jobId, { ...entry, phase: 'done' })
      }
      return
    case 'wait':
      clock.nowMs += one.ms
      return
    case 'tick':
      return plane.tick()
    case 'cancel': {
      const jobId = plane.places[one.which]?.jobId ?? ''
      await plane.change(jobId, (job) => ({
        job: cancelJob(job, 'key_2', clock.nowMs),
        proceed: false,
      }))
      return
    }
  }
}
