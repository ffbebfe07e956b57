import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { ids } from '../../src/adapters/system.ts'
import { advanceJobs } from '../../src/jobs/advance-jobs.ts'
import { SignedJob } from '../../src/protocol/job.ts'
import type { JobResult } from '../../src/protocol/job-report.ts'
import { aboutOf, accepted, ended } from '../jobs/facts.ts'
import { nodeIdAt } from '../jobs/rollout-facts.ts'
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts'
import { joinCode, makeTestHost, type TestHost } from '../support/test-host.ts'

let plane: ControlPlane
beforeAll(async () => {
  plane = await startControlPlane()
})
afterAll(() => plane.stop())

let made = 0
const aDraft = (nodeIds: readonly string[], changes: object = {}) => {
  made += 1
  const job = { type: 'health.check', args: {}, reference: `rollout-${made}` }
  return { job, node_ids: nodeIds, per_minute: 5, ...changes }
}

async function hosts(count: number): Promise<readonly TestHost[]> {
  const all: TestHost[] = []
  for (let index = 0; index < count; index += 1) {
    const host = makeTestHost(plane)
    made += 1
    await host.enrol(await joinCode(plane, `owner-${made}`))
    await plane.operate('POST', `/nodes/${host.nodeId}/approve`)
    all.push(host)
  }
  return all
}
const idsOf = (all: readonly TestHost[]) => all.map(({ nodeId }) => nodeId)

const pass = () => advanceJobs({ ...plane, ids })
const show = async (id: unknown) => (await plane.operate('GET', `/rollouts/${id}`)).body

/** The host takes what waits for it and ends it like this; whether there was something. */
async function work(host: TestHost, status: JobResult['status']): Promise<boolean> {
  const { body } = await host.beat()
  const [signed] = z.array(SignedJob).parse(body.jobs)
  if (!signed) return false
  const { job } = signed
  const acceptance = accepted(aboutOf(job), host.signer)
  await host.sendJob(job.job_id, { kind: 'acceptance', acceptance })
  const reason = status === 'succeeded' ? null : 'agent_restarted'
  const result = ended(aboutOf(job), status, reason, host.signer)
  await host.sendJob(job.job_id, { kind: 'result', result })
  return true
}

describe('a rollout', () => {
  test('orders a few a minute until every node has done it', async () => {
    const all = await hosts(8)
    const draft = aDraft(idsOf(all))
    const { body } = await plane.operate('POST', '/rollouts', draft)
    expect(body).toMatchObject({ object: 'rollout', state: 'running', nodes: 8, waiting: 8 })
    for (let time = 0; time < 2; time += 1) await pass()
    expect(await show(body.id)).toMatchObject({ waiting: 3, open: 5 })
    plane.passMs(60_000)
    await pass()
    expect(await show(body.id)).toMatchObject({ waiting: 0, open: 8 })
    for (const host of all) expect(await work(host, 'succeeded')).toBe(true)
    await pass()
    expect(await show(body.id)).toMatchObject({ state: 'completed', succeeded: 8, open: 0 })
    const jobs = await plane.operate('GET', `/nodes/${all[0]?.nodeId}/jobs`)
    expect(jobs.body.data).toMatchObject([{ rollout_id: body.id, state: 'succeeded' }])
  })

  test('orders each job once, also when passes come at once', async () => {
    const all = await hosts(4)
    const { body } = await plane.operate('POST', '/rollouts', aDraft(idsOf(all)))
    await Promise.all([pass(), pass(), pass()])
    await pass()
    expect(await show(body.id)).toMatchObject({ waiting: 0, open: 4 })
    for (const { nodeId } of all) {
      const { body: jobs } = await plane.operate('GET', `/nodes/${nodeId}/jobs`)
      expect(jobs.data).toHaveLength(1)
    }
  })

  test('asked for twice is one; with other nodes it is refused', async () => {
    const all = await hosts(2)
    const draft = aDraft(idsOf(all))
    const [first, second] = [
      await plane.operate('POST', '/rollouts', draft),
      await plane.operate('POST', '/rollouts', draft),
    ]
    expect(second.body).toEqual(first.body)
    const fewer = { ...draft, node_ids: idsOf(all).slice(1) }
    expect(await plane.operate('POST', '/rollouts', fewer)).toMatchObject({
      status: 409,
      error: { code: 'reference_reused' },
    })
  })

  test('gives up when a fifth of ten fails, and takes back what was not begun', async () => {
    const all = await hosts(14)
    const draft = aDraft(idsOf(all), { per_minute: 12 })
    const { body } = await plane.operate('POST', '/rollouts', draft)
    await pass()
    for (const host of all.slice(0, 8)) await work(host, 'succeeded')
    for (const host of all.slice(8, 10)) await work(host, 'failed')
    await pass()
    // Two had no turn, and get none.
    expect(await show(body.id)).toMatchObject({
      state: 'aborted',
      succeeded: 8,
      failed: 2,
      skipped: 2,
      waiting: 0,
    })
    plane.passMs(60_000)
    await pass()
    expect(await show(body.id)).toMatchObject({ state: 'aborted', open: 0, skipped: 4 })
    for (const host of all.slice(10)) expect(await work(host, 'succeeded')).toBe(false)
  })

  test('given up while another pass still queues leaves nobody with a job', async () => {
    const all = await hosts(12)
    const { body } = await plane.operate(
      'POST',
      '/rollouts',
      aDraft(idsOf(all), { per_minute: 10 }),
    )
    await pass()
    for (const host of all.slice(0, 9)) await work(host, 'failed')
    plane.passMs(60_000)
    let isFirst = true
    const jobs: typeof plane.jobs = {
      ...plane.jobs,
      queueJob: async (job) => {
        if (isFirst) {
          isFirst = false
          for (const host of all.slice(9, 10)) await work(host, 'failed')
          await pass()
          expect(await show(body.id)).toMatchObject({ state: 'aborted', failed: 10 })
        }
        return plane.jobs.queueJob(job)
      },
    }
    await advanceJobs({ ...plane, jobs, ids })
    expect(isFirst).toBe(false)
    for (const host of all.slice(10)) expect(await work(host, 'succeeded')).toBe(false)
    await pass()
    expect(await show(body.id)).toMatchObject({ state: 'aborted', open: 0, skipped: 2 })
  })

  test('that a lost pass left with jobs of its own takes them back when it is given up', async () => {
    const all = await hosts(12)
    const draft = aDraft(idsOf(all), { per_minute: 12 })
    const { body } = await plane.operate('POST', '/rollouts', draft)
    await pass()
    for (const host of all.slice(0, 10)) await work(host, 'failed')
    const before = await plane.rollouts.readRollout(String(body.id))
    if (!before) throw new Error('a rollout')
    // As a pass leaves it that ended after it had queued the last two and before it said so.
    const lost = { ...before, open: before.open.slice(0, 10), pending: before.nodeIds.slice(10) }
    await plane.rollouts.writeRollout({ ...lost, rev: before.rev + 1 }, before.rev)
    await pass()
    expect(await show(body.id)).toMatchObject({ state: 'aborted', failed: 10 })
    for (const host of all.slice(10)) expect(await work(host, 'succeeded')).toBe(false)
    await pass()
    expect(await show(body.id)).toMatchObject({ state: 'aborted', open: 0, skipped: 2 })
  })

  test('that cannot be read keeps no other from its turn, and is told of', async () => {
    const [host] = await hosts(1)
    if (!host) throw new Error('one host')
    const { body } = await plane.operate('POST', '/rollouts', aDraft([host.nodeId]))
    const rollouts: typeof plane.rollouts = {
      ...plane.rollouts,
      activeRolloutIds: async () => [
        `rollout_${'0'.repeat(26)}`,
        ...(await plane.rollouts.activeRolloutIds()),
      ],
      readRollout: async (id) => {
        if (id.endsWith('_00000000000000000000000000')) throw new Error('not a rollout')
        return plane.rollouts.readRollout(id)
      },
    }
    await expect(advanceJobs({ ...plane, rollouts, ids })).rejects.toThrow('1 steps failed')
    expect(await show(body.id)).toMatchObject({ waiting: 0, open: 1 })
  })

  test('passes over nodes that are no more', async () => {
    const draft = aDraft([`n_${'a'.repeat(26)}`])
    const { body } = await plane.operate('POST', '/rollouts', draft)
    await pass()
    expect(await show(body.id)).toMatchObject({ state: 'completed', skipped: 1, succeeded: 0 })
  })

  test('run by two passes at once orders once', async () => {
    const all = await hosts(4)
    const { body } = await plane.operate('POST', '/rollouts', aDraft(idsOf(all)))
    await Promise.all([pass(), pass(), pass()])
    expect(await show(body.id)).toMatchObject({ waiting: 0 })
    for (const { nodeId } of all) {
      const jobs = await plane.operate('GET', `/nodes/${nodeId}/jobs`)
      expect(jobs.body.data).toHaveLength(1)
    }
  })

  test.each([
    [{ node_ids: [] }, 'node_ids'],
    [{ node_ids: ['x'] }, 'node_ids.0'],
    [{ node_ids: [`n_${'a'.repeat(26)}`, `n_${'a'.repeat(26)}`] }, 'node_ids'],
    [{ per_minute: 0 }, 'per_minute'],
    [
      { node_ids: Array.from({ length: 600 }, (_, at) => nodeIdAt(at)), per_minute: 10 },
      'per_minute',
    ],
  ])('is not number %$', async (changes, param) => {
    const draft = aDraft([`n_${'b'.repeat(26)}`], changes)
    const reply = await plane.operate('POST', '/rollouts', draft)
    expect(reply).toMatchObject({ status: 400, error: { param } })
  })

  test('that nobody asked for is not found', async () => {
    const reply = await plane.operate('GET', '/rollouts/rollout_x')
    expect(reply).toMatchObject({ status: 404, error: { code: 'rollout_not_found' } })
  })
})

test('a pass writes down what time has ended, and a second one finds nothing', async () => {
  const [host] = await hosts(1)
  if (!host) throw new Error('one host')
  const order = { type: 'drain', args: {}, reference: 'overdue', expires_in_s: 60 }
  const { body } = await plane.operate('POST', `/nodes/${host.nodeId}/jobs`, order)
  plane.passMs(60_000)
  expect((await pass()).openJobs).toBeGreaterThan(0)
  expect((await plane.fleet.readNode(host.nodeId))?.openJobs ?? []).toEqual([])
  const stored = await plane.jobs.readJob(z.string().parse(body.id))
  expect(stored).toMatchObject({ state: 'timed_out' })
  await pass()
  expect(await plane.jobs.readJob(z.string().parse(body.id))).toEqual(stored)
})

test('a job that cannot be read keeps no other from its end, and is told of', async () => {
  const [host] = await hosts(1)
  if (!host) throw new Error('one host')
  const order = { type: 'drain', args: {}, reference: 'beside', expires_in_s: 60 }
  const { body } = await plane.operate('POST', `/nodes/${host.nodeId}/jobs`, order)
  plane.passMs(60_000)
  const broken = { nodeId: host.nodeId, jobId: `job_${'0'.repeat(26)}` }
  const jobs: typeof plane.jobs = {
    ...plane.jobs,
    openJobs: async function* () {
      yield broken
      yield* plane.jobs.openJobs()
    },
    readJobAt: async (place) => {
      if (place === broken) throw new Error('not a job')
      return plane.jobs.readJobAt(place)
    },
  }
  await expect(advanceJobs({ ...plane, jobs, ids })).rejects.toThrow('1 steps failed')
  expect(await plane.jobs.readJob(z.string().parse(body.id))).toMatchObject({ state: 'timed_out' })
})
