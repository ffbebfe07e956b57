import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { churnOf } from '../../bench/routing/churn.ts'
import type { ChatMessage } from '../../src/protocol/chat-request.ts'
import { affinityOf, placeOf, pullOf, shardsAt } from '../../src/routing/affinity.ts'

const system = { role: 'system', content: 'You are brief.' } as const
const user = { role: 'user', content: 'Hi' } as const
const answer = { role: 'assistant', content: 'Hello' } as const
const further = { role: 'user', content: 'And now?' } as const
const messages: ChatMessage[] = [system, user]

const keyOf = (request: Partial<Parameters<typeof affinityOf>[0]>, account = 'acct_1') =>
  affinityOf({ messages: [system, user], ...request }, account)

const image = (url: string): ChatMessage => ({
  role: 'user',
  content: [
    { type: 'text', text: 'What is this?' },
    { type: 'image_url', image_url: { url } },
  ],
})

describe('requests have one key', () => {
  test.each([
    [
      'of one conversation, however long it grew',
      {},
      { messages: [system, user, answer, further] },
    ],
    [
      'of one session, whatever they say',
      { session_id: 's' },
      { session_id: 's', messages: [further] },
    ],
    [
      'of one cache key, whatever they say',
      { prompt_cache_key: 'c' },
      { prompt_cache_key: 'c', messages: [further] },
    ],
    [
      'where the session goes before the cache key',
      { session_id: 's' },
      { session_id: 's', prompt_cache_key: 'c' },
    ],
    ['where an empty session is none', {}, { session_id: '' }],
  ])('%s', (_, one, other) => {
    expect(keyOf(one)).toMatch(/^[0-9a-f]{64}$/)
    expect(keyOf(one)).toBe(keyOf(other))
  })
})

describe('requests have keys of their own', () => {
  test.each([
    ['under other instructions', {}, { messages: [{ ...system, content: 'Be long.' }, user] }],
    ['after another first question', {}, { messages: [system, further] }],
    [
      'where the same words instruct or ask',
      { messages: [{ ...system, content: 'x' }] },
      { messages: [{ ...user, content: 'x' }] },
    ],
    ['where a session is named like a cache key', { session_id: 'a' }, { prompt_cache_key: 'a' }],
    ['of other pictures', { messages: [image('data:1')] }, { messages: [image('data:2')] }],
  ])('%s', (_, one, other) => {
    expect(keyOf(one)).not.toBe(keyOf(other))
  })

  test('whatever another account sends', () => {
    const text = fc.string({ maxLength: 20 })
    const request = fc.record({
      session_id: fc.option(text),
      prompt_cache_key: fc.option(text),
      messages: fc.constant(messages),
    })
    fc.assert(
      fc.property(request, request, (one, other) => {
        expect(affinityOf(one, 'acct_1')).not.toBe(affinityOf(other, 'acct_2'))
      }),
    )
  })
})

test('who neither names a session nor instructs nor asks has none', () => {
  expect(keyOf({ messages: [answer] })).toBeUndefined()
})

test('of a long message the beginning counts', () => {
  const long = 'x'.repeat(8 * 1024)
  const key = (content: string) => keyOf({ messages: [{ ...user, content }] })
  expect(key(`${long}a`)).toBe(key(`${long}b`))
  expect(key(`a${long}`)).not.toBe(key(`b${long}`))
})

const keys = Array.from({ length: 2_000 }, (_, index) => keyOf({ session_id: `${index}` }) ?? '')

describe('keys over places', () => {
  const weights = { first: 1, second: 2, third: 5 }
  const homeOf = (key: string, of: Readonly<Record<string, number>>) =>
    Object.entries(of)
      .map(([place, weight]) => ({ place, pull: pullOf(key, place, weight) }))
      .toSorted((one, other) => other.pull - one.pull)[0]?.place ?? ''
  const shareOf = (place: string, of: Readonly<Record<string, number>>) =>
    keys.filter((key) => homeOf(key, of) === place).length / keys.length

  test('fall as the weights are', () => {
    expect(shareOf('first', weights)).toBeCloseTo(1 / 8, 1)
    expect(shareOf('second', weights)).toBeCloseTo(2 / 8, 1)
    expect(Math.abs(shareOf('third', weights) - 5 / 8)).toBeLessThan(0.03)
  })

  test('move only to a place that came, or from one that went', () => {
    const more = { ...weights, fourth: 2 }
    for (const key of keys) {
      const home = homeOf(key, more)
      if (home !== 'fourth') expect(home).toBe(homeOf(key, weights))
    }
    expect(Math.abs(shareOf('fourth', more) - 2 / 10)).toBeLessThan(0.03)
  })

  test('move only to a place that weighs more than before, and few', () => {
    const heavier = { ...weights, first: 1.1 }
    const moved = keys.filter((key) => homeOf(key, heavier) !== homeOf(key, weights))
    for (const key of moved) expect(homeOf(key, heavier)).toBe('first')
    expect(moved.length / keys.length).toBeLessThan(0.03)
  })
})

describe('keys over shards', () => {
  const shardsOf = (key: string, shards: number, count: number) =>
    shardsAt(placeOf(key), shards, count)

  test('fall evenly, and name as many neighbours as asked for', () => {
    const counts = Array.from({ length: 9 }, () => 0)
    for (const key of keys) {
      const [first = -1, second, ...others] = shardsOf(key, 9, 2)
      expect(others).toEqual([])
      expect(second).toBe((first + 1) % 9)
      counts[first] = (counts[first] ?? 0) + 1
    }
    for (const count of counts) expect(Math.abs(count - keys.length / 9)).toBeLessThan(70)
  })

  test('name all there are where those are few', () => {
    expect(shardsOf(keys[0] ?? '', 1, 4)).toEqual([0])
    expect(shardsOf(keys[0] ?? '', 3, 4).toSorted()).toEqual([0, 1, 2])
  })

  test('say nothing of the host within a shard', () => {
    const inFirst = keys.filter((key) => shardsOf(key, 2, 1)[0] === 0)
    const atOne = inFirst.filter((key) => pullOf(key, 'one', 1) > pullOf(key, 'other', 1))
    expect(Math.abs(atOne.length / inFirst.length - 1 / 2)).toBeLessThan(0.04)
  })

  test.each([
    [1_000, 1, 0.05],
    [1_000, 50, 0.45],
    [5_000, 50, 0.45],
  ])('of %i hosts keep theirs for the most part when %i leave', (hosts, leave, most) => {
    expect(churnOf(hosts, leave).moved).toBeLessThan(most)
  })
})
