import { describe, expect, test } from 'vitest'
import type { ReputationReason } from '../../src/reputation/reasons.ts'
import {
  eventsKept,
  freshReputation,
  type Reputation,
  type ReputationEvent,
  scoreOf,
  withEvents,
} from '../../src/reputation/reputation.ts'

const nowMs = 1_800_000_000_000
const newcomer = freshReputation('n_aaaaaaaaaaaaaaaaaaaaaaaaaa')
const seen = (reason: ReputationReason, count = 1, atMs = nowMs): ReputationEvent => ({
  atMs,
  reason,
  count,
  weight: count,
})

const honest = (requests: number): Reputation =>
  withEvents(newcomer, [
    seen('served', requests),
    seen('claim_agreed', requests),
    seen('spot_check_passed', requests),
  ])

describe('the score', () => {
  test('of a newcomer is 0: nothing is known', () => {
    expect(scoreOf(newcomer, nowMs)).toBe(0)
  })

  test('of an honest host grows with what it did', () => {
    const scores = [1, 10, 100, 1000].map((requests) => scoreOf(honest(requests), nowMs))
    expect(scores).toEqual(scores.toSorted((one, other) => one - other))
    expect(scores[3]).toBeGreaterThan(0.99)
  })

  test('is nothing where a host is worth nothing in one respect, however good in the others', () => {
    const cheat = withEvents(newcomer, [
      seen('served', 1000),
      seen('spot_check_passed', 1000),
      seen('inflated_usage', 1000),
    ])
    expect(scoreOf(cheat, nowMs)).toBeLessThan(0.001)
  })

  test('leaves out what nobody has looked at', () => {
    const unchecked = withEvents(newcomer, [seen('served', 1000), seen('claim_agreed', 1000)])
    expect(scoreOf(unchecked, nowMs)).toBeGreaterThan(0.99)
  })

  test('falls further for a wrong answer than for a lost one', () => {
    const scoreAfter = (reason: ReputationReason) =>
      scoreOf(withEvents(honest(100), [seen(reason, 10)]), nowMs)
    expect(scoreAfter('spot_check_failed')).toBeLessThan(scoreAfter('broke_off'))
    expect(scoreAfter('broke_off')).toBeLessThan(scoreOf(honest(100), nowMs))
  })

  test('comes back when what was bad has faded and what is good is new', () => {
    const fallen = withEvents(honest(100), [seen('broke_off', 50)])
    const laterMs = nowMs + 120 * 86_400_000
    const recovered = withEvents(fallen, [
      seen('served', 100, laterMs),
      seen('claim_agreed', 100, laterMs),
      seen('spot_check_passed', 100, laterMs),
    ])
    expect(scoreOf(recovered, laterMs)).toBeGreaterThan(scoreOf(fallen, nowMs))
  })
})

describe('the events', () => {
  test('are kept newest first, up to 64', () => {
    const many = Array.from({ length: 100 }, (_, index) => seen('served', 1, nowMs + index))
    const { events } = withEvents(honest(1), many)
    expect(events).toHaveLength(eventsKept)
    expect(events[0]?.atMs).toBe(nowMs + 99)
    expect(events.at(-1)?.atMs).toBe(nowMs + 36)
  })
})
