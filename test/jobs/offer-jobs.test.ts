import { expect, test } from 'vitest'
import type { JobRecord } from '../../src/jobs/job-record.ts'
import { acceptJob, finishJob, passTime } from '../../src/jobs/life-cycle.ts'
import { offerJobs } from '../../src/jobs/offer-jobs.ts'
import { generatePrivateKey, makeSigner } from '../../src/protocol/ed25519.ts'
import { about, accepted, aJob, ended, nodeId, nowMs } from './facts.ts'

const jobSigner = { keyId: 'jk_1', signer: makeSigner(generatePrivateKey()) }
const minuteMs = 60_000

/** One node with one job, offered at a beat. */
function openNode(job: JobRecord) {
  let stored = job
  let seq = 0
  const beat = (atMs: number, lastSeq: number) =>
    offerJobs(
      {
        jobs: {
          readJobAt: async () => stored,
          writeJob: async (written) => {
            stored = written
            return true
          },
          nextSeq: async () => {
            seq += 1
            return seq
          },
        },
        jobSigner,
        stage: 'test',
        nowMs: () => atMs,
      },
      { nodeId, openJobs: [stored.jobId], lastSeq },
    )
  return {
    beat,
    stored: () => stored,
    step: (next: (job: JobRecord) => JobRecord) => {
      stored = next(stored)
    },
  }
}

test('a job that has expired is offered no more while an attempt at it may still end well', async () => {
  const expiresAtMs = nowMs + 10 * minuteMs
  const node = openNode(aJob({ expiresAtMs, timeoutMs: 60 * minuteMs }))
  expect(await node.beat(nowMs, 0)).toHaveLength(1)
  const first = accepted(about(node.stored()))
  node.step((job) => acceptJob(job, first, nowMs).job)
  // Its agent falls silent, a schedule writes that down, and it is offered anew.
  node.step((job) => passTime(job, nowMs + 2 * minuteMs))
  const offered = await node.beat(nowMs + 5 * minuteMs, 1)
  expect(offered).toMatchObject([{ job: { attempt: 2, job_seq: 2 } }])
  expect(await node.beat(expiresAtMs - 1, 1)).toHaveLength(1)
  expect(await node.beat(expiresAtMs, 1)).toEqual([])
  expect(await node.beat(expiresAtMs + 20 * minuteMs, 2)).toEqual([])

  const result = ended(about(node.stored(), 1), 'succeeded')
  const end = finishJob(node.stored(), result, expiresAtMs + 21 * minuteMs)
  expect(end.job).toMatchObject({ state: 'succeeded', accepted: 1 })
})
