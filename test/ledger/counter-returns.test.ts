// What the end of a hold gives back to the counters that it was added to, and to no others.
import { describe, expect, test } from 'vitest'
import { counterPattern, counterReturns } from '../../src/ledger/counters.ts'
import type { CountedUse } from '../../src/ledger/wallet.ts'

const heldAtMs = Date.UTC(2026, 10, 21, 5, 10, 30)
const nothingCounted: CountedUse = {
  keyOrdinal: 3,
  spendDay: false,
  spendMonth: false,
  concurrency: false,
  tokens: undefined,
}
const returned = (counted: CountedUse | undefined, { tokensUsed = 40, afterMs = 0 } = {}) => {
  const at = { heldAtMs, nowMs: heldAtMs + afterMs }
  const rows = counterReturns(counted, { amount: 7n, tokensUsed }, at)
  return Object.fromEntries(rows.map(({ name, back }) => [name, back]))
}

describe('a hold gives back', () => {
  test.each<[string, Partial<CountedUse>, object]>([
    ['nothing where nothing was counted', {}, {}],
    ['money to its day', { spendDay: true }, { 'sd#3#20261121': 7n }],
    ['money to its month', { spendMonth: true }, { 'sm#3#202611': 7n }],
    ['its place', { concurrency: true }, { 'cc#3': 1n }],
    ['tokens to its minute', { tokens: 100 }, { 'tm#3#202611210510': 60n }],
    ['no tokens where it counted none', { tokens: 0 }, { 'tm#3#202611210510': 0n }],
  ])('%s', (_, counted, rows) => {
    expect(returned({ ...nothingCounted, ...counted })).toEqual(rows)
  })

  test('nothing where it remembers nothing', () => {
    expect(returned(undefined)).toEqual({})
  })

  test('no tokens that it did not count, however many were used', () => {
    const counted = { ...nothingCounted, tokens: 100 }
    expect(returned(counted, { tokensUsed: 101 })).toEqual({ 'tm#3#202611210510': 0n })
  })

  test('tokens while their minute can still matter, and not after', () => {
    const counted = { ...nothingCounted, tokens: 100 }
    expect(returned(counted, { afterMs: 119_999 })).toEqual({ 'tm#3#202611210510': 60n })
    expect(returned(counted, { afterMs: 120_000 })).toEqual({})
  })
})

test.each(['sd#3#20261121', 'sm#12#202611', 'rm#3#202611210510', 'tm#3#202611210510', 'cc#3'])(
  'the name %s is a counter',
  (name) => {
    expect(counterPattern.test(name)).toBe(true)
  },
)

test.each(['xsd#3#20261121', 'cc#3#20261121', 'sd#3', 'cc#3x', 'sd#3#2026x', 'xx#3#2026', 'cc#'])(
  'the name %s is none',
  (name) => {
    expect(counterPattern.test(name)).toBe(false)
  },
)
