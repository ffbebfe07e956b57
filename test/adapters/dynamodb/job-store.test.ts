import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeFleetStore } from '../../../src/adapters/dynamodb/fleet-store.ts'
import { makeJobStore } from '../../../src/adapters/dynamodb/job-store.ts'
import { makeJoinCodeStore } from '../../../src/adapters/dynamodb/join-code-store.ts'
import { makeRolloutStore } from '../../../src/adapters/dynamodb/rollout-store.ts'
import type { FleetStore } from '../../../src/fleet/ports.ts'
import { cancelJob, offerJob } from '../../../src/jobs/life-cycle.ts'
import type { JobStore, RolloutStore } from '../../../src/jobs/ports.ts'
import { limits } from '../../../src/protocol/limits.ts'
import { aJob, anOffer, nowMs } from '../../jobs/facts.ts'
import { aRollout } from '../../jobs/rollout-facts.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { aJoinCode, aNode } from './facts.ts'

let engine: EmbeddedDynamodb
let jobs: JobStore
let rollouts: RolloutStore
let fleet: FleetStore
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
  jobs = makeJobStore(engine)
  rollouts = makeRolloutStore(engine)
  fleet = makeFleetStore(engine)
})
afterAll(() => engine.stop())

async function enrolled(): Promise<string> {
  const code = aJoinCode()
  await makeJoinCodeStore(engine).putJoinCode(code)
  const node = aNode({ ownerId: `owner-${code.codeHash}` })
  await fleet.enrolNode(node, code.codeHash)
  return node.nodeId
}

async function queued(nodeId?: string) {
  const job = aJob({ nodeId: nodeId ?? (await enrolled()) })
  expect(await jobs.queueJob(job)).toEqual({ kind: 'queued' })
  return job
}

const openIds = async (nodeId: string) => (await fleet.readNode(nodeId))?.openJobs ?? []

describe('a queued job', () => {
  test('is found by its id, under its node and among the open ones', async () => {
    const job = await queued()
    expect(await jobs.readJob(job.jobId)).toEqual(job)
    expect(await jobs.readJobAt(job)).toEqual(job)
    expect(await openIds(job.nodeId)).toEqual([job.jobId])
    const { nodeId, jobId } = job
    expect(await Array.fromAsync(jobs.openJobs())).toContainEqual({ nodeId, jobId })
  })

  test('takes its reference for good', async () => {
    const job = await queued()
    const again = aJob({ nodeId: job.nodeId, reference: job.reference })
    const taken = { kind: 'reference_taken', jobId: job.jobId }
    expect(await jobs.queueJob(again)).toEqual(taken)
    expect(await jobs.readJob(again.jobId)).toBeUndefined()
    expect(await openIds(job.nodeId)).toEqual([job.jobId])
  })

  test('needs a node', async () => {
    expect(await jobs.queueJob(aJob({ nodeId: aNode().nodeId }))).toEqual({ kind: 'no_node' })
  })

  test('of a node with as many as it may have is not taken', async () => {
    const nodeId = await enrolled()
    for (let made = 0; made < limits.jobsOpenPerNode; made += 1) await queued(nodeId)
    const tooMany = aJob({ nodeId })
    expect(await jobs.queueJob(tooMany)).toEqual({ kind: 'too_many' })
    expect(await jobs.readJob(tooMany.jobId)).toBeUndefined()
  })

  test('that many ask for at once under one reference is one', async () => {
    const nodeId = await enrolled()
    const reference = `race-${nodeId}`
    const asked = Array.from({ length: 8 }, () => aJob({ nodeId, reference }))
    const outcomes = await Promise.all(asked.map(jobs.queueJob))
    expect(outcomes.filter(({ kind }) => kind === 'queued')).toHaveLength(1)
    expect(await openIds(nodeId)).toHaveLength(1)
  })
})

describe('a change', () => {
  test('counts only from the revision that was read', async () => {
    const job = await queued()
    const offered = { ...offerJob(job, anOffer(1)), rev: 2 }
    expect(await jobs.writeJob(offered, 1)).toBe(true)
    expect(await jobs.writeJob({ ...cancelJob(job, 'key_2', nowMs), rev: 2 }, 1)).toBe(false)
    expect(await jobs.readJobAt(job)).toEqual(offered)
    expect(await openIds(job.nodeId)).toEqual([job.jobId])
  })

  test('that ends the job takes it from every list of open ones', async () => {
    const job = await queued()
    const cancelled = { ...cancelJob(job, 'key_2', nowMs), rev: 2 }
    expect(await jobs.writeJob(cancelled, 1)).toBe(true)
    expect(await openIds(job.nodeId)).toEqual([])
    const open = await Array.fromAsync(jobs.openJobs())
    expect(open.map(({ jobId }) => jobId)).not.toContain(job.jobId)
    expect(await jobs.readJob(job.jobId)).toEqual(cancelled)
  })
})

test('sequence numbers rise, also for many at once', async () => {
  const nodeId = await enrolled()
  const drawn = await Promise.all(Array.from({ length: 10 }, () => jobs.nextSeq(nodeId)))
  expect(new Set(drawn).size).toBe(10)
  expect(await jobs.nextSeq(nodeId)).toBeGreaterThan(Math.max(...drawn))
})

test('jobs are listed newest first, page by page', async () => {
  const nodeId = await enrolled()
  const made = [await queued(nodeId), await queued(nodeId), await queued(nodeId)]
  const ids = made.map(({ jobId }) => jobId).toReversed()
  const first = await jobs.listJobs(nodeId, { limit: 2, after: undefined })
  expect(first.items.map(({ jobId }) => jobId)).toEqual(ids.slice(0, 2))
  const rest = await jobs.listJobs(nodeId, { limit: 2, after: first.next })
  expect(rest).toMatchObject({ items: [{ jobId: ids[2] }], next: undefined })
})

describe('a rollout', () => {
  test('is active until it is over and nothing of it is open', async () => {
    const rollout = aRollout()
    expect(await rollouts.createRollout(rollout)).toEqual({ kind: 'created' })
    expect(await rollouts.activeRolloutIds()).toEqual([rollout.rolloutId])
    const { jobId, nodeId } = aJob()
    const open = { ...rollout, state: 'aborted', open: [{ jobId, nodeId }], rev: 2 } as const
    expect(await rollouts.writeRollout({ ...open, open: [...open.open] }, 1)).toBe(true)
    expect(await rollouts.activeRolloutIds()).toEqual([rollout.rolloutId])
    const over = { ...rollout, state: 'aborted', rev: 3 } as const
    expect(await rollouts.writeRollout(over, 1)).toBe(false)
    expect(await rollouts.writeRollout(over, 2)).toBe(true)
    expect(await rollouts.activeRolloutIds()).toEqual([])
    expect(await rollouts.readRollout(rollout.rolloutId)).toEqual(over)
  })

  test('takes its reference for good, and there are so many at a time', async () => {
    const made = Array.from({ length: limits.rolloutsActive }, () => aRollout())
    for (const one of made) expect(await rollouts.createRollout(one)).toEqual({ kind: 'created' })
    const [first = aRollout()] = made
    expect(await rollouts.createRollout(aRollout({ reference: first.reference }))).toEqual({
      kind: 'reference_taken',
      rolloutId: first.rolloutId,
    })
    expect(await rollouts.createRollout(aRollout())).toEqual({ kind: 'too_many' })
    const listed = await rollouts.listRollouts({ limit: 3, after: undefined })
    expect(listed.items[0]?.rolloutId).toBe(made.at(-1)?.rolloutId)
  })
})
