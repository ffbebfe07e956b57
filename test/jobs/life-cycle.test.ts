import { describe, expect, test } from 'vitest'
import type { JobRecord } from '../../src/jobs/job-record.ts'
import {
  acceptJob,
  cancelJob,
  finishJob,
  isOfferable,
  leaseMs,
  offerJob,
  passTime,
  progressJob,
  resultGraceMs,
} from '../../src/jobs/life-cycle.ts'
import { jobAttemptsMax, jobOffersMax } from '../../src/protocol/job.ts'
import { about, accepted, aJob, anOffer, ended, hourMs, nowMs } from './facts.ts'

const offered = (job: JobRecord = aJob()) => offerJob(job, anOffer(job.offered + 1))
const taken = (job: JobRecord = offered(), atMs = nowMs) =>
  acceptJob(job, accepted(about(job)), atMs).job
const running = (job: JobRecord = taken()) =>
  progressJob(job, { attempt: job.accepted, percent: 10 }, nowMs).job
const fail = (job: JobRecord, atMs = nowMs, reason = 'broken') =>
  finishJob(job, ended(about(job), 'failed', reason), atMs).job

describe('a job', () => {
  test('is queued, offered, accepted, runs and succeeds', () => {
    const states = [aJob(), offered(), taken(), running()].map(({ state }) => state)
    expect(states).toEqual(['queued', 'offered', 'accepted', 'running'])
    const job = running()
    expect(finishJob(job, ended(about(job), 'succeeded'), nowMs + 1)).toMatchObject({
      job: { state: 'succeeded', reason: null, endedAtMs: nowMs + 1 },
      proceed: false,
    })
  })

  test.each(['rejected', 'timed_out', 'rolled_back'] as const)('ends as %s at once', (status) => {
    const job = running()
    expect(finishJob(job, ended(about(job), status, 'why'), nowMs).job).toMatchObject({
      state: status,
      reason: 'why',
    })
  })

  test('may be refused by its agent without having been accepted', () => {
    const job = offered()
    const { job: refused } = finishJob(job, ended(about(job), 'rejected', 'unknown_type'), nowMs)
    expect(refused).toMatchObject({ state: 'rejected', accepted: 0, reason: 'unknown_type' })
  })

  test('is not offered before its time nor when it has expired', () => {
    const job = aJob({ notBeforeMs: nowMs + 10, expiresAtMs: nowMs + 20 })
    const times = [9, 10, 19, 20].map((ms) => isOfferable(job, nowMs + ms))
    expect(times).toEqual([false, true, true, false])
  })
})

describe('a failure', () => {
  test('is tried again after 30 s, then after a minute, and the third is the end', () => {
    let job = aJob()
    const waits: number[] = []
    for (let attempt = 1; attempt <= jobAttemptsMax; attempt += 1) {
      job = fail(running(taken(offered(job))))
      waits.push(job.retryAtMs - nowMs)
    }
    expect(job).toMatchObject({ state: 'failed', failures: 3, offered: 3 })
    expect(waits.slice(0, 2)).toEqual([30_000, 60_000])
  })

  test('of which nobody knows what was done is not tried again', () => {
    expect(fail(running(), nowMs, 'agent_restarted').state).toBe('failed')
  })

  test('is not tried again where the job would have expired', () => {
    const job = running(taken(offered(aJob({ expiresAtMs: nowMs + 30_000 }))))
    expect(fail(job).state).toBe('failed')
  })

  test('told twice counts once', () => {
    const job = running()
    const result = ended(about(job), 'failed')
    const once = finishJob(job, result, nowMs).job
    expect(finishJob(once, result, nowMs)).toEqual({ job: once, proceed: false })
  })
})

describe('a silent agent', () => {
  const silent = passTime(running(), nowMs + leaseMs)

  test('costs no attempt: the job waits to be offered again', () => {
    expect(silent).toMatchObject({ state: 'queued', failures: 0 })
  })

  test('that speaks again goes on, as long as nothing later was accepted', () => {
    const again = offered(silent)
    for (const job of [silent, again]) {
      const step = progressJob(job, { attempt: 1, percent: 50 }, nowMs + leaseMs)
      expect(step).toMatchObject({ job: { state: 'running', percent: 50 }, proceed: true })
    }
  })

  test('that has finished meanwhile has finished the job', () => {
    const again = offered(silent)
    const { job } = finishJob(again, ended(about(again, 1), 'succeeded'), nowMs + leaseMs)
    expect(job).toMatchObject({ state: 'succeeded', closed: 2 })
    expect(acceptJob(job, accepted(about(job, 2)), nowMs).proceed).toBe(false)
  })

  test('is overtaken once a later attempt was accepted', () => {
    const later = taken(offered(silent), nowMs + leaseMs)
    const progress = progressJob(later, { attempt: 1, percent: 99 }, nowMs + leaseMs)
    expect(progress).toEqual({ job: later, proceed: false })
    const result = finishJob(later, ended(about(later, 1), 'failed'), nowMs + leaseMs)
    expect(result).toEqual({ job: later, proceed: false })
  })

  test('does not end a job that may run longer than it may be begun', () => {
    const slow = running(taken(offered(aJob({ timeoutMs: 2 * hourMs }))))
    const afterExpiry = nowMs + hourMs + 1
    expect(passTime(slow, afterExpiry)).toBe(slow)
    const step = progressJob(slow, { attempt: 1, percent: 60 }, afterExpiry)
    expect(step.proceed).toBe(true)
  })
})

describe('time', () => {
  test('ends a job that nobody accepted', () => {
    for (const job of [aJob(), offered()]) {
      expect(passTime(job, nowMs + hourMs - 1).state).toBe(job.state)
      expect(passTime(job, nowMs + hourMs)).toMatchObject({
        state: 'timed_out',
        reason: 'not_accepted',
      })
    }
  })

  test('ends a job whose result never came', () => {
    const job = running(taken(offered(aJob({ timeoutMs: 2 * hourMs }))))
    const endMs = nowMs + 2 * hourMs + resultGraceMs
    expect(passTime(job, endMs - 1).state).toBe('running')
    expect(passTime(job, endMs)).toMatchObject({ state: 'timed_out', reason: 'no_result' })
  })

  test('judges a report as the schedule would have', () => {
    const job = offered()
    const late = acceptJob(job, accepted(about(job)), nowMs + hourMs)
    expect(late).toMatchObject({ job: { state: 'timed_out' }, proceed: false })
  })

  test('offers a job a bounded number of times', () => {
    const job = { ...aJob(), offered: jobOffersMax }
    expect(isOfferable(job, nowMs)).toBe(false)
  })
})

describe('a cancelled job', () => {
  test.each([
    ['queued', aJob()],
    ['offered', offered()],
    ['running', running()],
  ])('that was %s is heard of no more', (_, before) => {
    const job = cancelJob(before, 'key_2', nowMs)
    expect(job).toMatchObject({ state: 'cancelled', reason: 'by key_2' })
    for (const step of [
      acceptJob(job, accepted(about(job, 1)), nowMs),
      progressJob(job, { attempt: 1, percent: 1 }, nowMs),
      finishJob(job, ended(about(job, 1), 'succeeded'), nowMs),
    ]) {
      expect(step).toEqual({ job, proceed: false })
    }
  })

  test('that is over stays what it was', () => {
    const job = running()
    const done = finishJob(job, ended(about(job), 'succeeded'), nowMs).job
    expect(cancelJob(done, 'key_2', nowMs)).toBe(done)
  })
})
