import { beforeEach, describe, expect, test } from 'vitest'
import { type Credit, credit, customerGain } from '../../src/ledger/credit.ts'
import type { Entry, Leg } from '../../src/ledger/journal.ts'
import { openMemoryLedger, type QuickLedger } from './open-memory-ledger.ts'

let ledger: QuickLedger
let accountId: string
beforeEach(async () => {
  ledger = openMemoryLedger()
  accountId = await ledger.customer(0n)
})

const order = (change: Partial<Credit> = {}): Credit => ({
  accountId,
  kind: 'top_up',
  amount: 100n,
  reference: 'a payment',
  by: 'ann',
  ...change,
})
const give = (change: Partial<Credit> = {}) => credit(ledger.posting, order(change))

describe('a credit', () => {
  test.each([
    ['top_up', 'wash', 0n],
    ['grant', 'promo', 100n],
  ] as const)('of kind %s comes from %s, and %s of it is granted', async (kind, from, granted) => {
    const credited = await give({ kind })
    expect(credited).toMatchObject({
      kind: 'credited',
      entry: { kind, reference: 'a payment', by: 'ann', about: '' },
    })
    if (credited.kind !== 'credited') throw new Error('it was credited')
    expect(credited.entry.legs).toEqual([
      { account: { kind: from }, amount: -100n },
      { account: { kind: 'customer', owner: accountId }, amount: 100n },
    ])
    const money = { available: 100n, funded: 100n, granted }
    expect(await ledger.wallet(accountId)).toMatchObject(money)
  })

  test.each<[string, Partial<Credit>, boolean]>([
    ['the same', {}, true],
    ['another amount', { amount: 101n }, false],
    ['another kind', { kind: 'grant' }, false],
    ['by somebody else', { by: 'bob' }, true],
  ])('under a reference that stands: %s', async (_, change, isSame) => {
    const first = await give()
    const again = await give(change)
    const entry = first.kind === 'credited' ? first.entry : undefined
    expect(again).toEqual({ kind: 'credited_before', entry, isSame })
    expect(await ledger.wallet(accountId)).toMatchObject({ available: 100n, granted: 0n })
  })

  test('under the reference of another customer is not the same', async () => {
    await give()
    const other = await ledger.customer(0n)
    expect(await give({ accountId: other })).toMatchObject({ isSame: false })
    expect(await ledger.wallet(other)).toMatchObject({ available: 0n })
  })

  test('for an account that does not exist writes nothing', async () => {
    const before = ledger.entries().length
    expect(await give({ accountId: 'acct_nobody' })).toEqual({ kind: 'no_account' })
    expect(ledger.entries()).toHaveLength(before)
  })

  test('without an answer may be asked for again', async () => {
    const journal = { post: async () => ({ kind: 'unknown' }) as const }
    const lost = await credit({ ...ledger.posting, journal }, order())
    expect(lost).toEqual({ kind: 'unavailable' })
    expect(await give()).toMatchObject({ kind: 'credited' })
  })
})

describe('what the customer of an entry gained', () => {
  const leg = (owner: string, amount: bigint): Leg => ({
    account: { kind: 'customer', owner },
    amount,
  })
  const entryOf = (...legs: readonly Leg[]): Entry => ({
    entryId: 'entry 1',
    kind: 'adjustment',
    legs,
    reference: 'reference',
    atMs: 0,
    by: 'ann',
    about: '',
  })

  test.each<[string, readonly Leg[], bigint | undefined]>([
    ['is the sum of the own legs', [leg('acct_1', 5n), leg('acct_1', -7n), leg('acct_2', 9n)], -2n],
    ['may be nothing', [leg('acct_1', 0n)], 0n],
    ['is undefined where it is about another customer', [leg('acct_2', 9n)], undefined],
    [
      'is undefined where it is about a host',
      [{ account: { kind: 'host', owner: 'acct_1' }, amount: 9n }],
      undefined,
    ],
  ])('%s', (_, legs, gain) => {
    expect(customerGain(entryOf(...legs), 'acct_1')).toBe(gain)
  })
})
