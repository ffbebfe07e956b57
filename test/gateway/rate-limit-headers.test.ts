import { describe, expect, test } from 'vitest'
import { rateLimitHeaders, toDuration } from '../../src/gateway/rate-limit-headers.ts'
import type { CustomerKey } from '../../src/keys/api-key.ts'
import { aKey } from '../adapters/dynamodb/facts.ts'

const startedAtMs = Date.UTC(2026, 10, 21, 5, 10, 20)
const keyWith = (changes: Partial<CustomerKey>): CustomerKey => ({
  ...aKey('acct_1', changes),
  ordinal: 3,
})
const both = keyWith({ requestsPerMinute: 60, tokensPerMinute: 9_000, spendPerDay: 5n })
const headersOf = (key: CustomerKey, counters: ReadonlyMap<string, bigint> | undefined) =>
  rateLimitHeaders(key, counters, { startedAtMs, nowMs: startedAtMs + 1_500 })

describe('limits per minute', () => {
  test('are told with what is left of the minute of the request', () => {
    const counters = new Map([
      ['rm#3#202611210510', 2n],
      ['tm#3#202611210510', 700n],
      ['rm#3#202611210509', 60n],
    ])
    expect(headersOf(both, counters)).toEqual({
      'x-ratelimit-limit-requests': '60',
      'x-ratelimit-remaining-requests': '58',
      'x-ratelimit-reset-requests': '39s',
      'x-ratelimit-limit-tokens': '9000',
      'x-ratelimit-remaining-tokens': '8300',
      'x-ratelimit-reset-tokens': '39s',
    })
  })

  test('are not below zero where they were lowered meanwhile', () => {
    const counters = new Map([['rm#3#202611210510', 61n]])
    expect(headersOf(keyWith({ requestsPerMinute: 60 }), counters)).toMatchObject({
      'x-ratelimit-remaining-requests': '0',
    })
  })

  test('are told without what is left where nobody counted', () => {
    expect(headersOf(keyWith({ requestsPerMinute: 60 }), undefined)).toEqual({
      'x-ratelimit-limit-requests': '60',
      'x-ratelimit-reset-requests': '39s',
    })
  })

  test('of a key that has none, or other limits alone, are not told', () => {
    expect(headersOf(keyWith({}), new Map())).toEqual({})
    expect(headersOf(keyWith({ spendPerDay: 5n, concurrency: 1 }), new Map())).toEqual({})
  })
})

test.each([
  [0, '0s'],
  [1, '1s'],
  [59_001, '1m0s'],
  [360_000, '6m0s'],
  [61_000, '1m1s'],
])('%i ms are written %s', (ms, text) => {
  expect(toDuration(ms)).toBe(text)
})
