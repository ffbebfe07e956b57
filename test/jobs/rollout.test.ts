import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JobRecord } from '../../src/jobs/job-record.ts'
import {
  afterQueueing,
  type Rollout,
  takeTurns,
  tallyRollout,
  turnsTakeMs,
} from '../../src/jobs/rollout.ts'
import { aJob, hourMs, nowMs } from './facts.ts'
import { aRollout } from './rollout-facts.ts'

const minuteMs = 60_000
const ended = (state: JobRecord['state'], accepted = 1): JobRecord => ({
  ...aJob(),
  state,
  accepted,
})

/** A rollout that has made these jobs, and what is seen of them. */
function having(jobs: readonly JobRecord[]) {
  const open = jobs.map(({ jobId, nodeId }) => ({ jobId, nodeId }))
  const seen = new Map(jobs.map((job) => [job.jobId, job]))
  return { rollout: aRollout({ open, turns: jobs.length }), seen }
}

const jobsOf = (counts: Partial<Record<JobRecord['state'], number>>): JobRecord[] =>
  Object.entries(counts).flatMap(([state, count]) =>
    Array.from({ length: count }, () => ended(state as JobRecord['state'])),
  )

const countedIn = (rollout: Rollout): number => {
  const { nodeIds, turns, pending, open, succeeded, failed, skipped } = rollout
  return nodeIds.length - turns + pending.length + open.length + succeeded + failed + skipped
}

/** As a pass does it: whoever had a turn is queued a job. */
function afterPass(rollout: Rollout, atMs: number): Rollout {
  const { pending, ...rest } = takeTurns(rollout, atMs)
  const made = pending.map((nodeId) => ({ nodeId, jobId: aJob().jobId }))
  return afterQueueing({ ...rest, pending }, made, atMs)
}

describe('a rollout', () => {
  test('takes no more turns in a minute of the clock than it may, and goes on in the next', () => {
    const { nodeIds, ...rest } = aRollout()
    const first = takeTurns({ ...rest, nodeIds }, nowMs + 500)
    expect(first).toMatchObject({ pending: nodeIds.slice(0, 10), turns: 10 })
    const after = afterPass({ ...rest, nodeIds }, nowMs + 500)
    expect(after).toMatchObject({ pending: [], turns: 10 })
    expect(takeTurns(after, nowMs + minuteMs - 1).pending).toEqual([])
    // Less than 60 s after the first, as passes of a schedule come.
    const next = takeTurns(after, nowMs + minuteMs)
    expect(next).toMatchObject({ pending: nodeIds.slice(10, 20), turns: 20 })
  })

  test('opens no minute anew for a clock that is behind', () => {
    const after = afterPass(aRollout(), nowMs + minuteMs)
    expect(takeTurns(after, nowMs).pending).toEqual([])
  })

  test('after hours of no passes still takes one minute’s turns', () => {
    const rollout = aRollout({
      ordered: { ...aRollout().ordered, expiresAtMs: nowMs + 24 * hourMs },
    })
    expect(takeTurns(rollout, nowMs + 20 * hourMs).pending).toHaveLength(10)
  })

  test('makes what a lost pass left pending, within the same bound', () => {
    const lost = takeTurns(aRollout(), nowMs)
    const next = takeTurns(lost, nowMs + minuteMs)
    expect(next).toMatchObject({ pending: lost.pending, turns: 10 })
    const few = takeTurns(aRollout({ perMinute: 4 }), nowMs)
    const more = takeTurns({ ...few, perMinute: 10 }, nowMs + minuteMs)
    expect(more).toMatchObject({ pending: few.nodeIds.slice(0, 10), turns: 10 })
  })

  test('ends when every node had its turn and every job its end', () => {
    const jobs = jobsOf({ succeeded: 30 })
    const { rollout, seen } = having(jobs)
    expect(takeTurns(rollout, nowMs)).toMatchObject({ state: 'running' })
    const after = takeTurns(tallyRollout(rollout, seen, nowMs), nowMs)
    expect(after).toMatchObject({ state: 'completed', succeeded: 30, open: [], endedAtMs: nowMs })
  })

  test('that has expired takes no more turns, and those who had none are skipped', () => {
    const jobs = jobsOf({ succeeded: 8 })
    const { rollout, seen } = having(jobs)
    const lateMs = nowMs + hourMs
    expect(takeTurns(rollout, lateMs)).toMatchObject({ state: 'running', skipped: 22, pending: [] })
    const after = takeTurns(tallyRollout(rollout, seen, lateMs), lateMs)
    expect(after).toMatchObject({ state: 'completed', succeeded: 8, skipped: 22, turns: 30 })
    expect(takeTurns(after, lateMs)).toEqual(after)
  })

  test('counts nodes that got no job', () => {
    const pending = aRollout().nodeIds.slice(0, 2)
    const after = afterQueueing(aRollout({ pending, turns: 2 }), [undefined, undefined], nowMs)
    expect(after).toMatchObject({ turns: 2, skipped: 2, open: [], pending: [] })
  })

  test('loses no node from its counts, whatever becomes of jobs and passes', () => {
    const pass = fc.record({
      waitMs: fc.nat({ max: 20 * minuteMs }),
      states: fc.array(fc.constantFrom('running', 'succeeded', 'failed', 'cancelled'), {
        maxLength: 30,
      }),
      gotJobs: fc.array(fc.boolean(), { maxLength: 30 }),
      isLost: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(pass, { maxLength: 12 }), (passes) => {
        let rollout = aRollout()
        let atMs = nowMs
        for (const { waitMs, states, gotJobs, isLost } of passes) {
          atMs += waitMs
          const seen = rollout.open.map(({ jobId }, index) => {
            return [jobId, ended(states[index] ?? 'running')] as const
          })
          rollout = takeTurns(tallyRollout(rollout, new Map(seen), atMs), atMs)
          expect(countedIn(rollout)).toBe(30)
          if (isLost) continue
          const made = rollout.pending.map((nodeId, index) =>
            gotJobs[index] === false ? undefined : { nodeId, jobId: aJob().jobId },
          )
          rollout = afterQueueing(rollout, made, atMs)
          expect(countedIn(rollout)).toBe(30)
        }
        if (rollout.state === 'completed') {
          expect(rollout.succeeded + rollout.failed + rollout.skipped).toBe(30)
        }
      }),
      { numRuns: 100, seed: 20261121 },
    )
  })

  test('takes a minute for every so many nodes', () => {
    expect(turnsTakeMs(30, 10)).toBe(3 * minuteMs)
    expect(turnsTakeMs(31, 10)).toBe(4 * minuteMs)
  })
})

describe('a rollout gives up', () => {
  test.each([
    [{ succeeded: 8, failed: 1, rolled_back: 1 }, 'aborted'],
    [{ succeeded: 8, rejected: 1, timed_out: 1 }, 'aborted'],
    [{ succeeded: 9, failed: 1 }, 'running'],
    [{ succeeded: 7, failed: 2 }, 'running'],
    [{ failed: 9 }, 'running'],
    [{ failed: 10 }, 'aborted'],
    [{ succeeded: 8, failed: 1, cancelled: 9 }, 'running'],
  ] as const)('after %j: %s', (counts, state) => {
    const { rollout, seen } = having(jobsOf(counts))
    expect(tallyRollout(rollout, seen, nowMs).state).toBe(state)
  })

  test('by what was executed alone: a node that was away has executed nothing', () => {
    const away = Array.from({ length: 20 }, () => ended('timed_out', 0))
    const { rollout, seen } = having([...away, ...jobsOf({ succeeded: 10 })])
    expect(tallyRollout(rollout, seen, nowMs)).toMatchObject({
      state: 'running',
      succeeded: 10,
      failed: 0,
      skipped: 20,
    })
  })

  test('and takes no more turns: who had none is skipped', () => {
    const { rollout, seen } = having(jobsOf({ failed: 10 }))
    const aborted = tallyRollout(rollout, seen, nowMs)
    expect(aborted).toMatchObject({ state: 'aborted', failed: 10, skipped: 20, endedAtMs: nowMs })
    expect(takeTurns(aborted, nowMs + minuteMs)).toEqual(aborted)
  })
})
