import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type CounterCharge,
  clockErrorMsMax,
  countedUse,
  counterCharges,
  counterPattern,
  counterReturns,
  type KeyCaps,
  pastMinuteCounters,
  periodEndMs,
  staleCounters,
} from '../../src/ledger/counters.ts'

const noCaps: KeyCaps = {
  keyOrdinal: 3,
  spendPerDay: undefined,
  spendPerMonth: undefined,
  requestsPerMinute: undefined,
  tokensPerMinute: undefined,
  concurrency: undefined,
}
const allCaps: KeyCaps = {
  keyOrdinal: 3,
  spendPerDay: 10n,
  spendPerMonth: 200n,
  requestsPerMinute: 60,
  tokensPerMinute: 9_000,
  concurrency: 4,
}
const use = { amount: 5n, tokens: 700 }

const minuteMs = 60_000
const leaseMs = 16 * minuteMs
const chargesAt = (atMs: number) => counterCharges(allCaps, use, atMs)
const namesAt = (atMs: number) => chargesAt(atMs).map(({ name }) => name)
const isGauge = (name: string) => name.startsWith('cc')
const timeMs = fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2060, 0, 1) })

describe('the counters of a reservation', () => {
  test('are one for each cap of the key, and none without caps', () => {
    const atMs = Date.UTC(2026, 10, 21, 5, 10, 59, 999)
    expect(counterCharges(noCaps, use, atMs)).toEqual([])
    expect(chargesAt(atMs)).toEqual([
      { name: 'sd#3#20261121', kind: 'spend_day', add: 5n, cap: 10n },
      { name: 'sm#3#202611', kind: 'spend_month', add: 5n, cap: 200n },
      { name: 'rm#3#202611210510', kind: 'rpm', add: 1n, cap: 60n },
      { name: 'tm#3#202611210510', kind: 'tpm', add: 700n, cap: 9_000n },
      { name: 'cc#3', kind: 'concurrency', add: 1n, cap: 4n },
    ])
  })

  test('of a counted key are its spend as well, which refuses nobody', () => {
    const atMs = Date.UTC(2026, 10, 21, 5, 10)
    const counted = { ...noCaps, requestsPerMinute: 60, isCounted: true }
    const charges = counterCharges(counted, use, atMs)
    expect(charges.map(({ name, add }) => [name, add])).toEqual([
      ['sd#3#20261121', 5n],
      ['sm#3#202611', 5n],
      ['rm#3#202611210510', 1n],
    ])
    const [day] = charges
    expect(day?.cap).toBeGreaterThan(10n ** 29n)
    expect(countedUse(counted, use)).toMatchObject({ spendDay: true, spendMonth: true })
  })

  test.each([
    ['spend_day', '2026-11-22T00:00:00.000Z'],
    ['spend_month', '2026-12-01T00:00:00.000Z'],
    ['rpm', '2026-11-21T23:59:00.000Z'],
    ['tpm', '2026-11-21T23:59:00.000Z'],
  ] as const)('of %s are over when another period begins', (kind, end) => {
    const atMs = Date.UTC(2026, 10, 21, 23, 58, 59, 999)
    expect(periodEndMs(kind, atMs)).toBe(Date.parse(end))
    const nameAt = (ms: number) =>
      counterCharges(allCaps, use, ms).find((charge) => charge.kind === kind)?.name
    expect(nameAt(Date.parse(end) - 1)).toBe(nameAt(atMs))
    expect(nameAt(Date.parse(end))).not.toBe(nameAt(atMs))
    expect(periodEndMs('concurrency', atMs)).toBeUndefined()
  })

  test.each([
    ['within a minute', '2026-11-21T05:10:00.000Z', '2026-11-21T05:10:59.999Z', []],
    ['at the full minute', '2026-11-21T05:10:59.999Z', '2026-11-21T05:11:00.000Z', ['rm', 'tm']],
    ['at midnight UTC', '2026-11-21T23:59:59.999Z', '2026-11-22T00:00:00.000Z', ['sd', 'rm', 'tm']],
    [
      'at the end of a month',
      '2026-11-30T23:59:59.999Z',
      '2026-12-01T00:00:00.000Z',
      ['sd', 'sm', 'rm', 'tm'],
    ],
    [
      'at the end of a leap February',
      '2028-02-29T23:59:59.999Z',
      '2028-03-01T00:00:00.000Z',
      ['sd', 'sm', 'rm', 'tm'],
    ],
    [
      'at the end of a year',
      '2026-12-31T23:59:59.999Z',
      '2027-01-01T00:00:00.000Z',
      ['sd', 'sm', 'rm', 'tm'],
    ],
  ])('%s roll over as their periods do; running requests do not', (_, before, after, changed) => {
    const [old, fresh] = [namesAt(Date.parse(before)), namesAt(Date.parse(after))]
    const rolled = fresh.filter((name) => !old.includes(name))
    expect(rolled.map((name) => name.slice(0, 2))).toEqual(changed)
  })

  test('have names that are recognised on a wallet, apart for every key and period', () => {
    fc.assert(
      fc.property(timeMs, fc.nat(), (atMs, keyOrdinal) => {
        const names = counterCharges({ ...allCaps, keyOrdinal }, use, atMs).map(({ name }) => name)
        expect(names.every((name) => counterPattern.test(name))).toBe(true)
        expect(new Set([...names, ...namesAt(atMs)]).size).toBe(keyOrdinal === 3 ? 5 : 10)
      }),
    )
  })
})

describe('what a hold has counted', () => {
  const nothing = {
    keyOrdinal: 3,
    spendDay: false,
    spendMonth: false,
    concurrency: false,
    tokens: undefined,
  }

  test.each([
    ['a day', { spendPerDay: 1n }, { spendDay: true }],
    ['a month', { spendPerMonth: 1n }, { spendMonth: true }],
    ['tokens', { tokensPerMinute: 1 }, { tokens: 700 }],
    ['running requests', { concurrency: 1 }, { concurrency: true }],
    ['all of them', allCaps, { spendDay: true, spendMonth: true, concurrency: true, tokens: 700 }],
  ])('under a cap of %s', (_, caps, counted) => {
    expect(countedUse({ ...noCaps, ...caps }, use)).toEqual({ ...nothing, ...counted })
  })

  test.each([
    ['no caps', noCaps],
    ['a cap of requests alone, which never come back', { ...noCaps, requestsPerMinute: 1 }],
  ])('is whose it was, and nothing to give back, under %s', (_, caps) => {
    const counted = countedUse(caps, use)
    expect(counted.keyOrdinal).toBe(caps.keyOrdinal)
    const unused = { amount: use.amount, tokensUsed: 0 }
    expect(counterReturns(counted, unused, { heldAtMs: 0, nowMs: 0 })).toEqual([])
  })
})

describe('what the end of a hold gives back', () => {
  const counted = countedUse(allCaps, use)
  const heldAtMs = Date.UTC(2026, 10, 21, 23, 59, 59)
  const returnsAt = (nowMs: number, tokensUsed = 0) =>
    counterReturns(counted, { amount: 2n, tokensUsed }, { heldAtMs, nowMs })

  test('goes to the very counters that were charged; a request that was made does not', () => {
    fc.assert(
      fc.property(timeMs, (atMs) => {
        const unused = { amount: use.amount, tokensUsed: 0 }
        const returned = counterReturns(counted, unused, { heldAtMs: atMs, nowMs: atMs })
        const charged = chargesAt(atMs).filter(({ kind }) => kind !== 'rpm')
        const byName = (one: { readonly name: string }, other: { readonly name: string }) =>
          one.name.localeCompare(other.name)
        expect(returned.toSorted(byName)).toEqual(
          charged.map(({ name, add }: CounterCharge) => ({ name, back: add })).toSorted(byName),
        )
      }),
    )
  })

  test('is the money and the tokens that were not used, and the place', () => {
    expect(returnsAt(heldAtMs, 100)).toEqual([
      { name: 'sd#3#20261121', back: 2n },
      { name: 'sm#3#202611', back: 2n },
      { name: 'cc#3', back: 1n },
      { name: 'tm#3#202611212359', back: 600n },
    ])
  })

  test('is no token where more were used than were counted', () => {
    expect(returnsAt(heldAtMs, 701)).toContainEqual({ name: 'tm#3#202611212359', back: 0n })
  })

  test('is of the day on which the hold was taken, however much later it ends', () => {
    const names = returnsAt(heldAtMs + leaseMs).map(({ name }) => name)
    expect(names).toEqual(['sd#3#20261121', 'sm#3#202611', 'cc#3'])
  })

  test.each([
    ['just ended', minuteMs, true],
    ['ended while another clock may still be in it', 2 * minuteMs - 1, true],
    ['is over by every clock', 2 * minuteMs, false],
  ])('includes tokens of a minute that %s: %s ms later, %s', (_, laterMs, isIncluded) => {
    const names = returnsAt(heldAtMs + laterMs).map(({ name }) => name)
    expect(names.includes('tm#3#202611212359')).toBe(isIncluded)
  })

  test('is nothing without caps', () => {
    const at = { heldAtMs, nowMs: heldAtMs }
    expect(counterReturns(undefined, { amount: 2n, tokensUsed: 0 }, at)).toEqual([])
  })
})

describe('minute counters that a reserve takes along', () => {
  test('are of minutes that no clock within 60 s of the right time counts on', () => {
    const error = fc.integer({ min: -60_000, max: 60_000 })
    fc.assert(
      fc.property(timeMs, error, error, (trueMs, ours, theirs) => {
        const dropped = pastMinuteCounters(allCaps, trueMs + ours)
        expect(namesAt(trueMs + theirs).filter((name) => dropped.includes(name))).toEqual([])
      }),
    )
  })

  test('are none that a settlement still gives tokens back to', () => {
    fc.assert(
      fc.property(timeMs, fc.integer({ min: 0, max: 2 * minuteMs - 1 }), (heldAtMs, laterMs) => {
        const dropped = pastMinuteCounters(allCaps, heldAtMs + laterMs)
        expect(namesAt(heldAtMs).filter((name) => dropped.includes(name))).toEqual([])
      }),
    )
  })

  test('leave at most four minutes of a key in steady use on the wallet', () => {
    const startMs = Date.UTC(2026, 10, 21, 23, 50)
    const onWallet = new Set<string>()
    for (let minute = 0; minute < 20; minute += 1) {
      const atMs = startMs + minute * minuteMs
      for (const name of pastMinuteCounters(allCaps, atMs)) onWallet.delete(name)
      for (const name of namesAt(atMs)) onWallet.add(name)
      const minutes = [...onWallet].filter((name) => /^[rt]m/.test(name))
      expect(minutes.length).toBeLessThanOrEqual(8)
    }
  })

  test.each([
    ['requests', { requestsPerMinute: 1 }, ['rm']],
    ['tokens', { tokensPerMinute: 1 }, ['tm']],
    ['nothing by the minute', { spendPerDay: 1n, concurrency: 1 }, []],
  ])('are of the caps that the key has: %s', (_, caps, prefixes) => {
    const names = pastMinuteCounters({ ...noCaps, ...caps }, Date.UTC(2026, 10, 21))
    expect([...new Set(names.map((name) => name.slice(0, 2)))]).toEqual(prefixes)
  })
})

describe('stale counters', () => {
  const stale = (names: readonly string[], nowMs: number) =>
    staleCounters(names, nowMs - leaseMs - clockErrorMsMax)

  test('are never those to which a hold may still give back, by a clock within 60 s', () => {
    const ageMs = fc.integer({ min: 0, max: leaseMs })
    fc.assert(
      fc.property(timeMs, ageMs, fc.integer({ min: -60_000, max: 60_000 }), (atMs, age, error) => {
        expect(stale(namesAt(atMs), atMs + age + error)).toEqual([])
      }),
    )
  })

  test('are those of periods that ended a lease and a clock error ago', () => {
    const names = namesAt(Date.UTC(2026, 10, 30, 23, 59))
    const ended = Date.UTC(2026, 11, 1)
    expect(stale(names, ended + leaseMs + minuteMs - 1)).toEqual([])
    expect(stale(names, ended + leaseMs + minuteMs)).toEqual(names.filter((name) => !isGauge(name)))
  })

  test('of a day that goes on are its minutes alone', () => {
    const names = namesAt(Date.UTC(2026, 10, 21, 5, 10))
    const later = Date.UTC(2026, 10, 21, 9)
    expect(stale(names, later)).toEqual(['rm#3#202611210510', 'tm#3#202611210510'])
  })

  test('are never running requests, which have no period', () => {
    expect(stale(['cc#3'], Date.UTC(2060, 0, 1))).toEqual([])
  })
})
