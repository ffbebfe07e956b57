import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { isGenuineJob, SignedJob } from '../../src/protocol/job.ts'
import { limits } from '../../src/protocol/limits.ts'
import { aboutOf, accepted, ended } from '../jobs/facts.ts'
import { type ControlPlane, type Reply, startControlPlane } from '../support/control-plane.ts'
import { approvedHost, enrolledHost, type TestHost } from '../support/test-host.ts'

let plane: ControlPlane
beforeAll(async () => {
  plane = await startControlPlane()
})
afterAll(() => plane.stop())

let orders = 0
async function ordered(host: TestHost, type = 'health.check', args: object = {}): Promise<string> {
  orders += 1
  const order = { type, args, reference: `order-${orders}` }
  const { body } = await plane.operate('POST', `/nodes/${host.nodeId}/jobs`, order)
  return z.string().parse(body.id)
}

async function beat(host: TestHost, last_seq = 0): Promise<readonly SignedJob[]> {
  const { body } = await host.beat({ jobs: { active: [], last_seq } })
  return z.array(SignedJob).parse(body.jobs)
}

async function offered(host: TestHost, type?: string): Promise<SignedJob> {
  await ordered(host, type)
  const [job] = await beat(host)
  if (!job) throw new Error('nothing was offered')
  return job
}

const report = (host: TestHost, { job }: SignedJob, body: object): Promise<Reply> =>
  host.sendJob(job.job_id, body)

const acceptance = (host: TestHost, { job }: SignedJob) => ({
  kind: 'acceptance',
  acceptance: accepted(aboutOf(job), host.signer),
})
const result = (host: TestHost, { job }: SignedJob, status: 'succeeded' | 'failed') => ({
  kind: 'result',
  result: ended(aboutOf(job), status, null, host.signer),
})
const stateOf = async ({ job }: SignedJob) =>
  (await plane.operate('GET', `/jobs/${job.job_id}`)).body.state

describe('a heartbeat', () => {
  test('carries what waits, signed by the job key that the node learned at enrolment', async () => {
    const host = await approvedHost(plane)
    const job = await offered(host)
    expect(isGenuineJob(job, plane.jobSigner.signer.publicKey)).toBe(true)
    expect(isGenuineJob(job, plane.ticketRoot.publicKey)).toBe(false)
    expect(job.job).toMatchObject({ node_id: host.nodeId, job_seq: 1, attempt: 1 })
    expect(await stateOf(job)).toBe('offered')
  })

  test('whose reply was lost is told the very same again', async () => {
    const host = await approvedHost(plane)
    const job = await offered(host)
    expect(await beat(host)).toEqual([job])
  })

  test('of a node that has taken the job is not told it again, and later a new attempt', async () => {
    const host = await approvedHost(plane)
    const { job } = await offered(host)
    expect(await beat(host, job.job_seq)).toEqual([])
    plane.passMs(121_000)
    const [again] = await beat(host, job.job_seq)
    expect(again?.job).toMatchObject({ job_id: job.job_id, attempt: 2, job_seq: job.job_seq + 1 })
  })

  test('carries at most four, one of a type, rising', async () => {
    const host = await approvedHost(plane)
    for (const type of ['drain', 'drain', 'resume', 'health.check', 'diagnostics.bundle']) {
      await ordered(host, type)
    }
    await ordered(host, 'inventory.refresh')
    const jobs = await beat(host)
    expect(jobs.map(({ job }) => job.type)).toEqual([
      'drain',
      'resume',
      'health.check',
      'diagnostics.bundle',
    ])
    expect(jobs.map(({ job }) => job.job_seq)).toEqual([1, 2, 3, 4])
    expect(limits.jobsPerBeat).toBe(4)
  })

  test('without open jobs reads nothing for them', async () => {
    const host = await approvedHost(plane)
    let asked = 0
    const app = plane.ingestOf({
      offerJobs: async () => {
        asked += 1
        return []
      },
    })
    await host.beat({}, { app })
    expect(asked).toBe(0)
    await ordered(host)
    await host.beat({}, { app })
    expect(asked).toBe(1)
  })

  test('of a node that waits for approval carries none', async () => {
    const host = await enrolledHost(plane)
    await ordered(host)
    expect(await beat(host)).toEqual([])
    await plane.operate('POST', `/nodes/${host.nodeId}/approve`)
    expect(await beat(host)).toHaveLength(1)
  })

  test('of another node carries none of it', async () => {
    const [host, other] = [await approvedHost(plane), await approvedHost(plane)]
    await ordered(host)
    expect(await beat(other)).toEqual([])
  })
})

describe('a report', () => {
  test('takes the job to its end, with both signatures kept', async () => {
    const host = await approvedHost(plane)
    const job = await offered(host)
    expect(await report(host, job, acceptance(host, job))).toMatchObject({
      status: 200,
      body: { ok: true, state: 'accepted', proceed: true, server_time_ms: plane.nowMs() },
    })
    const progress = { kind: 'progress', progress: { attempt: 1, percent: 40 } }
    expect(await report(host, job, progress)).toMatchObject({ body: { state: 'running' } })
    expect(await report(host, job, result(host, job, 'succeeded'))).toMatchObject({
      body: { state: 'succeeded', proceed: false },
    })
    const { body } = await plane.operate('GET', `/jobs/${job.job.job_id}`)
    expect(body).toMatchObject({
      state: 'succeeded',
      acceptance: acceptance(host, job).acceptance,
      result: result(host, job, 'succeeded').result,
    })
    expect(await beat(host)).toEqual([])
  })

  test('made twice is answered alike and counts once', async () => {
    const host = await approvedHost(plane)
    const job = await offered(host)
    const accepts = [1, 2].map(() => report(host, job, acceptance(host, job)))
    for (const reply of await Promise.all(accepts)) {
      expect(reply.body).toMatchObject({ state: 'accepted', proceed: true })
    }
    await report(host, job, result(host, job, 'failed'))
    const again = await report(host, job, result(host, job, 'failed'))
    expect(again).toMatchObject({ status: 200, body: { state: 'queued', proceed: false } })
    const { body } = await plane.operate('GET', `/jobs/${job.job.job_id}`)
    expect(body).toMatchObject({ failures: 1 })
  })

  test('after a cancel hears that it is to be given up', async () => {
    const host = await approvedHost(plane)
    const job = await offered(host)
    await plane.operate('POST', `/jobs/${job.job.job_id}/cancel`)
    expect(await report(host, job, acceptance(host, job))).toMatchObject({
      status: 200,
      body: { state: 'cancelled', proceed: false },
    })
  })

  test('of another node’s job finds none', async () => {
    const [host, other] = [await approvedHost(plane), await approvedHost(plane)]
    const job = await offered(host)
    const progress = { kind: 'progress', progress: { attempt: 1, percent: null } }
    const reply = await report(other, job, progress)
    expect(reply).toMatchObject({ status: 404, error: { code: 'job_not_found' } })
  })

  test('that another key signed is refused', async () => {
    const [host, other] = [await approvedHost(plane), await approvedHost(plane)]
    const job = await offered(host)
    for (const body of [acceptance(other, job), result(other, job, 'succeeded')]) {
      const reply = await report(host, job, body)
      expect(reply).toMatchObject({ status: 401, error: { code: 'bad_signature' } })
    }
    expect(await stateOf(job)).toBe('offered')
  })

  test('for another document than the one that was offered is refused', async () => {
    const host = await approvedHost(plane)
    const job = await offered(host)
    const bent = { ...job, job: { ...job.job, timeout_ms: job.job.timeout_ms + 1 } }
    for (const body of [acceptance(host, bent), result(host, bent, 'succeeded')]) {
      const reply = await report(host, job, body)
      expect(reply).toMatchObject({ status: 409, error: { code: 'state_conflict' } })
    }
    const foreign = { ...job, job: { ...job.job, stage: 'other' } }
    const reply = await report(host, job, acceptance(host, foreign))
    expect(reply).toMatchObject({ status: 400, error: { param: 'acceptance' } })
    expect(await stateOf(job)).toBe('offered')
  })

  test('of an attempt that was never offered is refused', async () => {
    const host = await approvedHost(plane)
    const job = await offered(host)
    const next = { ...job, job: { ...job.job, attempt: 2 } }
    const reply = await report(host, job, acceptance(host, next))
    expect(reply).toMatchObject({ status: 409, error: { code: 'state_conflict' } })
  })

  test('larger than its bound is refused', async () => {
    const host = await approvedHost(plane)
    const job = await offered(host)
    const reply = await report(host, job, { kind: 'x'.repeat(limits.jobReportBytes) })
    expect(reply).toMatchObject({ status: 413, error: { code: 'request_too_large' } })
  })
})
