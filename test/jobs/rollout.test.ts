import { describe, expect, test } from 'vitest'
import type { JobRecord } from '../../src/jobs/job-record.ts'
import { afterTurns, nextTurns, type Rollout, tallyRollout } from '../../src/jobs/rollout.ts'
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

describe('a rollout', () => {
  test('takes no more turns in a minute than it may, and goes on in the next', () => {
    const fresh = aRollout()
    const first = nextTurns(fresh, nowMs)
    expect(first).toEqual(fresh.nodeIds.slice(0, 10))
    const after = afterTurns(
      fresh,
      first.map((nodeId) => ({ nodeId, jobId: aJob().jobId })),
      nowMs,
    )
    expect(nextTurns(after, nowMs + minuteMs - 1)).toEqual([])
    expect(nextTurns(after, nowMs + minuteMs)).toEqual(fresh.nodeIds.slice(10, 20))
  })

  test('after a day of no passes still takes one minute’s turns', () => {
    const rollout = aRollout({
      ordered: { ...aRollout().ordered, expiresAtMs: nowMs + 24 * hourMs },
    })
    expect(nextTurns(rollout, nowMs + 20 * hourMs)).toHaveLength(10)
  })

  test('ends when every node had its turn and every job its end', () => {
    const jobs = jobsOf({ succeeded: 30 })
    const { rollout, seen } = having(jobs)
    const before = afterTurns(rollout, [], nowMs)
    expect(before).toMatchObject({ state: 'running' })
    const after = afterTurns(tallyRollout(rollout, seen, nowMs), [], nowMs)
    expect(after).toMatchObject({ state: 'completed', succeeded: 30, open: [], endedAtMs: nowMs })
  })

  test('that has expired takes no more turns and ends', () => {
    const rollout = aRollout()
    const lateMs = nowMs + hourMs
    expect(nextTurns(rollout, lateMs)).toEqual([])
    expect(afterTurns(rollout, [], lateMs).state).toBe('completed')
  })

  test('counts nodes that got no job', () => {
    const after = afterTurns(aRollout(), [undefined, undefined], nowMs)
    expect(after).toMatchObject({ turns: 2, skipped: 2, open: [] })
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

  test('and takes no more turns', () => {
    expect(nextTurns({ ...aRollout(), state: 'aborted' } satisfies Rollout, nowMs)).toEqual([])
  })
})
