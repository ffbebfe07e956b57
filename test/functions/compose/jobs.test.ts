// Jobs through the functions as they are deployed, each within its own rights.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { composeAdmin } from '../../../functions/compose/admin.ts'
import { composeIngest } from '../../../functions/compose/ingest.ts'
import { composeSchedule } from '../../../functions/compose/schedules.ts'
import { ids } from '../../../src/adapters/system.ts'
import { changeJob } from '../../../src/jobs/change-job.ts'
import { acceptJob, finishJob } from '../../../src/jobs/life-cycle.ts'
import { newStageSecrets } from '../../../src/keys/stage-secrets.ts'
import { isGenuineJob } from '../../../src/protocol/job.ts'
import { aboutOf, accepted, aJob, ended } from '../../jobs/facts.ts'
import { aRollout } from '../../jobs/rollout-facts.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { type EnrolledFleet, fleetOver } from '../../support/enrolled-fleet.ts'
import { stageEnvironment } from '../../support/stage-environment.ts'

let engine: EmbeddedDynamodb
let fleet: Omit<EnrolledFleet, 'stop'>
let folder: string
let env: Record<string, string>
const secrets = newStageSecrets('local', { ids, nowMs: 0 })
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
  fleet = fleetOver(engine)
  folder = await mkdtemp(join(tmpdir(), 'b3iq-compose-jobs-'))
  env = await stageEnvironment({ ...engine, secrets }, { stage: 'local', folder })
})
afterAll(async () => {
  await engine.stop()
  await rm(folder, { recursive: true })
})

const now = () => ({ createdAtMs: Date.now(), notBeforeMs: Date.now() })

test('an order is offered under the published job key and carried to its end', async () => {
  const [admin, ingest] = [await composeAdmin(env), await composeIngest(env)]
  const { nodeId } = await fleet.enrol()
  const job = aJob({ nodeId, ...now(), expiresAtMs: Date.now() + 3_600_000 })
  expect(await admin.jobs.queueJob(job)).toEqual({ kind: 'queued' })
  const openJobs = (await fleet.fleet.readNode(nodeId))?.openJobs ?? []
  const [offered] = await ingest.offerJobs({ nodeId, openJobs, lastSeq: 0 })
  if (!offered) throw new Error('nothing was offered')
  const published = ingest.publishedKeys.keys.find(({ use }) => use === 'job')
  expect(published?.key_id).toBe(secrets.job_key.key_id)
  expect(offered.job.key_id).toBe(published?.key_id)
  expect(isGenuineJob(offered, published?.public_key ?? '')).toBe(true)
  const about = aboutOf(offered.job)
  await changeJob(ingest.jobs, job, (one) => {
    return { job: acceptJob(one, accepted(about), Date.now()).job, answer: undefined }
  })
  const done = await changeJob(ingest.jobs, job, (one) => {
    return { job: finishJob(one, ended(about, 'succeeded'), Date.now()).job, answer: undefined }
  })
  expect(done).toMatchObject({ kind: 'changed', job: { state: 'succeeded' } })
})

test('the schedule ends what is overdue and takes the steps of a rollout', async () => {
  const admin = await composeAdmin(env)
  const { nodeId } = await fleet.enrol()
  const overdue = aJob({ nodeId, createdAtMs: 0, notBeforeMs: 0, expiresAtMs: 1 })
  await admin.jobs.queueJob(overdue)
  const { ordered } = aRollout()
  const rollout = aRollout({
    nodeIds: [nodeId],
    ordered: { ...ordered, ...now(), expiresAtMs: Date.now() + 3_600_000 },
  })
  await admin.rollouts.createRollout(rollout)
  const run = await composeSchedule(env, 'advance-jobs')
  expect(await run()).toMatchObject({ openJobs: 1, rollouts: 1 })
  expect(await admin.jobs.readJob(overdue.jobId)).toMatchObject({ state: 'timed_out' })
  const { items } = await admin.jobs.listJobs(nodeId, { limit: 10, after: undefined })
  expect(items).toContainEqual(
    expect.objectContaining({ rolloutId: rollout.rolloutId, state: 'queued' }),
  )
})
