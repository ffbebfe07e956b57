import { describe, expect, test } from 'vitest'
import {
  addEarnings,
  assertEarnings,
  type Earnings,
  type EarningsAmount,
  earningsDelta,
  nodesIn,
  noEarnings,
} from '../../src/ledger/earnings.ts'
import {
  type LedgerAccount,
  type Leg,
  move,
  type StoredEntryKind,
} from '../../src/ledger/journal.ts'

const of = (kind: 'host' | 'escrow' | 'in_transit', owner = 'n_1'): LedgerAccount => ({
  kind,
  owner,
})
const customer: LedgerAccount = { kind: 'customer', owner: 'acct_1' }

/** What ever happens to the money of a node, and what it changes. */
const changes: [StoredEntryKind, Leg[], Partial<Record<EarningsAmount, bigint>>][] = [
  ['accrual', move(5n, { kind: 'undistributed' }, of('host')), { accrued: 5n, payable: 5n }],
  ['late_claim', move(5n, { kind: 'shortfall' }, of('escrow')), { escrowed: 5n }],
  ['late_release', move(5n, of('escrow'), of('host')), { escrowed: -5n, accrued: 5n, payable: 5n }],
  ['refund', move(5n, of('host'), customer), { payable: -5n, clawedBack: 5n }],
  ['payout', move(5n, of('host'), of('in_transit')), { payable: -5n, inTransit: 5n }],
  ['payout_paid', move(5n, of('in_transit'), { kind: 'wash' }), { inTransit: -5n, paid: 5n }],
  ['payout_returned', move(5n, of('in_transit'), of('host')), { inTransit: -5n, payable: 5n }],
  ['top_up', move(5n, { kind: 'wash' }, customer), {}],
]

const nothing = {
  accrued: 0n,
  payable: 0n,
  inTransit: 0n,
  paid: 0n,
  clawedBack: 0n,
  escrowed: 0n,
}

describe('the earnings of a node', () => {
  test.each(changes)('change with an entry of kind %s', (kind, legs, change) => {
    expect(earningsDelta({ kind, legs }, 'n_1')).toEqual({ ...nothing, ...change })
  })

  test.each(changes)('do not change with an entry of kind %s about another node', (kind, legs) => {
    expect(earningsDelta({ kind, legs }, 'n_2')).toEqual(nothing)
  })

  test('begin with nothing and are the sum of their changes', () => {
    let earnings = noEarnings('n_1')
    expect(earnings).toEqual({ nodeId: 'n_1', ...nothing })
    const delta = {
      accrued: 1n,
      payable: 2n,
      inTransit: 3n,
      paid: 4n,
      clawedBack: 5n,
      escrowed: 6n,
    }
    for (let count = 0; count < 2; count += 1) earnings = addEarnings(earnings, delta)
    expect(earnings).toEqual({
      nodeId: 'n_1',
      accrued: 2n,
      payable: 4n,
      inTransit: 6n,
      paid: 8n,
      clawedBack: 10n,
      escrowed: 12n,
    })
  })

  test('stay sound through everything that can happen to them', () => {
    let earnings = noEarnings('n_1')
    const story = ['late_claim', 'late_release', 'payout', 'payout_returned', 'refund'] as const
    for (const kind of ['accrual', ...story, 'payout', 'payout_paid'] as const) {
      const legs = changes.find(([one]) => one === kind)?.[1] ?? []
      earnings = addEarnings(earnings, earningsDelta({ kind, legs }, 'n_1'))
      expect(() => assertEarnings(earnings)).not.toThrow()
    }
    expect(earnings).toEqual({ nodeId: 'n_1', ...nothing, accrued: 10n, paid: 5n, clawedBack: 5n })
  })
})

describe('S13', () => {
  const sound: Earnings = {
    nodeId: 'n_1',
    accrued: 10n,
    payable: 1n,
    inTransit: 2n,
    paid: 3n,
    clawedBack: 4n,
    escrowed: 5n,
  }
  test('lets sound earnings pass', () => {
    expect(() => assertEarnings(sound)).not.toThrow()
    expect(() => assertEarnings(noEarnings('n_1'))).not.toThrow()
  })

  test.each<Partial<Earnings>>([
    { payable: -1n, paid: 5n },
    { inTransit: -1n, paid: 6n },
    { paid: -1n, payable: 5n },
    { clawedBack: -1n, payable: 6n },
    { escrowed: -1n },
    { accrued: -1n, payable: -10n },
  ])('is broken by less than nothing: %o', (change) => {
    expect(() => assertEarnings({ ...sound, ...change })).toThrow(/^S13 no negative.*n_1/)
  })

  test.each<Partial<Earnings>>([
    { accrued: 9n },
    { payable: 2n },
    { inTransit: 3n },
    { paid: 4n },
    { clawedBack: 5n },
  ])('is broken by money that is not accrued, or not placed: %o', (change) => {
    expect(() => assertEarnings({ ...sound, ...change })).toThrow(/^S13 payable, in transit.*n_1/)
  })
})

test('the nodes of legs are named once each, and customers are none', () => {
  const legs = [
    ...move(1n, customer, of('host', 'n_2')),
    ...move(1n, of('host'), of('in_transit')),
    ...move(1n, of('escrow', 'n_3'), { kind: 'wash' }),
  ]
  expect(nodesIn(legs)).toEqual(['n_2', 'n_1', 'n_3'])
  expect(nodesIn([])).toEqual([])
})
