import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  accountName,
  assertLegs,
  type EntryKind,
  type LedgerAccount,
  type Leg,
  move,
  netOf,
  parseAccountName,
} from '../../src/ledger/journal.ts'

const accounts: Readonly<Record<string, LedgerAccount>> = {
  customer: { kind: 'customer', owner: 'acct_1' },
  host: { kind: 'host', owner: 'n_1' },
  escrow: { kind: 'escrow', owner: 'n_1' },
  in_transit: { kind: 'in_transit', owner: 'n_1' },
  wash: { kind: 'wash' },
  promo: { kind: 'promo' },
  undistributed: { kind: 'undistributed' },
  fees: { kind: 'fees' },
  unpayable: { kind: 'unpayable' },
  shortfall: { kind: 'shortfall' },
  adjustments: { kind: 'adjustments' },
}
const names = Object.keys(accounts)
const account = (name: string): LedgerAccount => accounts[name] ?? { kind: 'wash' }

/** All that may ever move, and nothing else. */
const allowed: Readonly<Record<EntryKind, readonly string[]>> = {
  top_up: ['wash → customer'],
  grant: ['promo → customer'],
  charge: ['customer → undistributed'],
  accrual: ['undistributed → host', 'undistributed → unpayable', 'undistributed → fees'],
  refund: ['shortfall → customer', 'fees → customer', 'host → customer'],
  adjustment: ['adjustments → customer', 'customer → adjustments'],
  late_claim: ['shortfall → escrow'],
  late_release: ['escrow → host'],
  payout: ['host → in_transit'],
  payout_paid: ['in_transit → wash'],
  payout_returned: ['in_transit → host'],
}
const kinds = [
  ...(['top_up', 'grant', 'charge', 'accrual', 'refund', 'adjustment'] as const),
  ...(['late_claim', 'late_release', 'payout', 'payout_paid', 'payout_returned'] as const),
]

describe.each(kinds)('an entry of kind %s', (kind) => {
  test('moves money between the accounts of its kind and no others', () => {
    const passing = names.flatMap((from) =>
      names.flatMap((to) => {
        try {
          assertLegs(kind, move(1n, account(from), account(to)), 'entry 1')
          return [`${from} → ${to}`]
        } catch {
          return []
        }
      }),
    )
    expect(passing.sort()).toEqual([...allowed[kind]].sort())
  })
})

describe('legs', () => {
  test.each<[string, Leg[], number]>([
    ['more than is given', [one('wash', -5n), one('customer', 6n)], 1],
    ['less than is given', [one('wash', -5n), one('customer', 4n)], -1],
    ['from nobody', [one('customer', 5n)], 5],
  ])('that take %s break S5; the entry is named, and by how much', (_, legs, sum) => {
    const detail = `{"id":"entry 1","kind":"top_up","sum":"${sum}"}`
    expect(() => assertLegs('top_up', legs, 'entry 1')).toThrow(`S5 legs sum to zero ${detail}`)
  })

  test('with one account too many break S5 although their sum is right, and both are named', () => {
    const legs = [one('undistributed', -5n), one('fees', 4n), one('customer', 1n)]
    expect(() => assertLegs('accrual', legs, 'entry 1')).toThrow(
      /^S5 these accounts may post to each other .*entry 1.*undistributed.*customer/,
    )
  })

  test('of nothing move nothing, wherever they are', () => {
    const legs = move(0n, account('customer'), account('host'))
    expect(() => assertLegs('top_up', legs, 'entry 1')).not.toThrow()
    expect(() => assertLegs('top_up', [], 'entry 1')).not.toThrow()
  })

  test('of a movement take from one and give to the other', () => {
    expect(move(5n, account('wash'), account('customer'))).toEqual([
      { account: { kind: 'wash' }, amount: -5n },
      { account: { kind: 'customer', owner: 'acct_1' }, amount: 5n },
    ])
  })

  test('net what one account gained: of that kind and owner, all its legs together', () => {
    const legs = [
      one('customer', 5n),
      one('customer', -2n),
      { account: { kind: 'customer', owner: 'acct_2' }, amount: 10n },
      { account: { kind: 'host', owner: 'acct_1' }, amount: 20n },
      one('wash', -33n),
    ] as const
    expect(netOf(legs, 'customer', 'acct_1')).toBe(3n)
    expect(netOf(legs, 'host', 'acct_1')).toBe(20n)
    expect(netOf(legs, 'wash')).toBe(-33n)
    expect(netOf(legs, 'customer')).toBe(0n)
    expect(netOf([], 'wash')).toBe(0n)
  })
})

function one(name: string, amount: bigint): Leg {
  return { account: account(name), amount }
}

describe('the name of an account', () => {
  test.each(names)('is read back as it was written: %s', (name) => {
    expect(parseAccountName(accountName(account(name)))).toEqual(account(name))
  })

  test('has its owner behind a colon where it has one', () => {
    expect(accountName(account('customer'))).toBe('customer:acct_1')
    expect(accountName(account('fees'))).toBe('fees')
  })

  test.each(['', 'customer', 'customer:', 'fees:n_1', 'host:a:b', 'host::b', 'nobody', ':n_1'])(
    'is not %j',
    (name) => {
      expect(parseAccountName(name)).toBeUndefined()
    },
  )

  test('is nothing else', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        const parsed = parseAccountName(name)
        expect(parsed === undefined || accountName(parsed) === name).toBe(true)
      }),
    )
  })
})
