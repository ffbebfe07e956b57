import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  countedSpend,
  counterCharges,
  counterPattern,
  type KeyCaps,
  spendCountersOf,
  staleCounters,
} from '../../src/ledger/counters.ts'

const noCaps: KeyCaps = {
  keyOrdinal: 3,
  spendPerDay: undefined,
  spendPerMonth: undefined,
  requestsPerMinute: undefined,
}
const allCaps: KeyCaps = { ...noCaps, spendPerDay: 10n, spendPerMonth: 200n, requestsPerMinute: 60 }

const hourMs = 3_600_000
const namesAt = (atMs: number) => counterCharges(allCaps, 5n, atMs).map(({ name }) => name)
const timeMs = fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2060, 0, 1) })

describe('the counters of a reservation', () => {
  test('are one for each cap of the key, and none without caps', () => {
    const atMs = Date.UTC(2026, 10, 21, 5, 10, 59, 999)
    expect(counterCharges(noCaps, 5n, atMs)).toEqual([])
    expect(counterCharges(allCaps, 5n, atMs)).toEqual([
      { name: 'sd#3#20261121', kind: 'spend_day', add: 5n, cap: 10n },
      { name: 'sm#3#202611', kind: 'spend_month', add: 5n, cap: 200n },
      { name: 'rm#3#202611210510', kind: 'rpm', add: 1n, cap: 60n },
    ])
  })

  test.each([
    ['within a minute', '2026-11-21T05:10:00.000Z', '2026-11-21T05:10:59.999Z', []],
    ['at the full minute', '2026-11-21T05:10:59.999Z', '2026-11-21T05:11:00.000Z', ['rm']],
    ['at midnight UTC', '2026-11-21T23:59:59.999Z', '2026-11-22T00:00:00.000Z', ['sd', 'rm']],
    [
      'at the end of a month',
      '2026-11-30T23:59:59.999Z',
      '2026-12-01T00:00:00.000Z',
      ['sd', 'sm', 'rm'],
    ],
    [
      'at the end of a leap February',
      '2028-02-29T23:59:59.999Z',
      '2028-03-01T00:00:00.000Z',
      ['sd', 'sm', 'rm'],
    ],
    [
      'at the end of a year',
      '2026-12-31T23:59:59.999Z',
      '2027-01-01T00:00:00.000Z',
      ['sd', 'sm', 'rm'],
    ],
  ])('%s roll over as their periods do', (_, before, after, changed) => {
    const [old, fresh] = [namesAt(Date.parse(before)), namesAt(Date.parse(after))]
    const rolled = fresh.filter((name) => !old.includes(name))
    expect(rolled.map((name) => name.slice(0, 2))).toEqual(changed)
  })

  test('have names that are recognised on a wallet, apart for every key and period', () => {
    fc.assert(
      fc.property(timeMs, fc.nat(), (atMs, keyOrdinal) => {
        const names = counterCharges({ ...allCaps, keyOrdinal }, 5n, atMs).map(({ name }) => name)
        expect(names.every((name) => counterPattern.test(name))).toBe(true)
        expect(new Set([...names, ...namesAt(atMs)]).size).toBe(keyOrdinal === 3 ? 3 : 6)
      }),
    )
  })
})

describe('what a hold has counted', () => {
  test.each([
    ['no caps', noCaps, []],
    ['a day', { ...noCaps, spendPerDay: 1n }, ['day']],
    ['a month', { ...noCaps, spendPerMonth: 1n }, ['month']],
    ['requests alone', { ...noCaps, requestsPerMinute: 1 }, []],
    ['all of them', allCaps, ['day', 'month']],
  ])('under %s', (_, caps, kinds) => {
    const expected = kinds.length === 0 ? undefined : { keyOrdinal: 3, kinds }
    expect(countedSpend(caps)).toEqual(expected)
  })

  test('is given back to the very counters that were charged; requests are not', () => {
    fc.assert(
      fc.property(timeMs, (atMs) => {
        const charged = counterCharges(allCaps, 5n, atMs).filter(({ kind }) => kind !== 'rpm')
        const names = charged.map(({ name }) => name)
        expect(spendCountersOf(countedSpend(allCaps), atMs)).toEqual(names)
      }),
    )
  })

  test('is nothing without caps', () => {
    expect(spendCountersOf(undefined, 0)).toEqual([])
  })
})

describe('stale counters', () => {
  test('are never those of a current period, nor of any in the hour before', () => {
    fc.assert(
      fc.property(timeMs, fc.integer({ min: 0, max: hourMs }), (nowMs, agoMs) => {
        expect(staleCounters(namesAt(nowMs - agoMs), nowMs)).toEqual([])
      }),
    )
  })

  test('are those of periods that ended more than an hour ago', () => {
    const names = namesAt(Date.UTC(2026, 10, 30, 23, 59))
    const ended = Date.UTC(2026, 11, 1)
    expect(staleCounters(names, ended + hourMs - 1)).toEqual([])
    expect(staleCounters(names, ended + hourMs)).toEqual(names)
    expect(staleCounters(names, Date.UTC(2026, 10, 30, 23, 59) + 2 * hourMs)).toEqual(names)
  })

  test('of a day that goes on are its minutes alone', () => {
    const names = namesAt(Date.UTC(2026, 10, 21, 5, 10))
    const later = Date.UTC(2026, 10, 21, 9)
    expect(staleCounters(names, later)).toEqual(['rm#3#202611210510'])
  })
})
