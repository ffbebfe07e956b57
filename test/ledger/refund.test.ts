import { beforeEach, describe, expect, test } from 'vitest'
import { adjust } from '../../src/ledger/adjust.ts'
import { netOf } from '../../src/ledger/journal.ts'
import type { Decision } from '../../src/ledger/ports.ts'
import { type Refund, refund } from '../../src/ledger/refund.ts'
import { node, openMemoryLedger, otherNode, type QuickLedger } from './open-memory-ledger.ts'

let ledger: QuickLedger
let accountId: string
/** 1000, of which the host's share is 850. */
let decision: Decision
beforeEach(async () => {
  ledger = openMemoryLedger()
  accountId = await ledger.customer(5_000n)
  decision = await ledger.charged(accountId, { charge: 1_000n })
})

const give = (change: Partial<Refund> = {}, of = decision) =>
  refund(ledger.refunding, of, {
    amount: 100n,
    bearer: 'platform',
    reference: 'refund 1',
    by: 'ann',
    ...change,
  })
const available = async () => (await ledger.wallet(accountId)).available

describe('a refund that we bear', () => {
  test('comes from the shortfall and names its charge', async () => {
    expect(await give()).toMatchObject({
      kind: 'refunded',
      entry: {
        kind: 'refund',
        about: decision.holdId,
        by: 'ann',
        legs: [
          { account: { kind: 'shortfall' }, amount: -100n },
          { account: { kind: 'customer', owner: accountId }, amount: 100n },
        ],
      },
    })
    expect(await ledger.wallet(accountId)).toMatchObject({ available: 4_100n, spent: 1_000n })
  })

  test.each([
    [[1_000n], [1_001n, 1n]],
    [[999n, 1n], [1n]],
    [[0n], [1_001n]],
    [[400n, 500n], [101n]],
  ])('in parts of %s leaves no room for %s', async (passing, failing) => {
    for (const [index, amount] of passing.entries()) {
      expect(await give({ amount, reference: `part ${index}` })).toMatchObject({ kind: 'refunded' })
    }
    const before = await available()
    for (const amount of failing) {
      expect(await give({ amount, reference: 'one more' })).toEqual({ kind: 'above_charge' })
    }
    expect(await available()).toBe(before)
  })

  test('needs no host, no accrual and no paid money', async () => {
    const granted = await ledger.customer(100n, 'grant')
    const served = await ledger.charged(granted, { charge: 100n, nodeId: undefined })
    expect(await give({}, served)).toMatchObject({ kind: 'refunded' })
  })

  test('of another charge has room of its own', async () => {
    await give({ amount: 1_000n })
    const other = await ledger.charged(accountId, { charge: 1_000n })
    const terms = { amount: 1_000n, reference: 'refund 2' }
    expect(await give(terms, other)).toMatchObject({ kind: 'refunded' })
  })
})

describe('a reference that stands', () => {
  test.each<[string, Partial<Refund>, boolean]>([
    ['for the same', {}, true],
    ['for another amount', { amount: 99n }, false],
  ])('%s: nothing is given again', async (_, change, isSame) => {
    await give()
    const before = await available()
    expect(await give(change)).toMatchObject({ kind: 'refunded_before', isSame })
    expect(await available()).toBe(before)
  })

  test('for the same amount from somebody else is not the same', async () => {
    await ledger.accrue(accountId)
    await give({ bearer: 'host' })
    expect(await give()).toMatchObject({ kind: 'refunded_before', isSame: false })
  })

  test('for another charge of the same amount is not the same', async () => {
    await give()
    const other = await ledger.charged(accountId, { charge: 1_000n })
    expect(await give({}, other)).toMatchObject({ kind: 'refunded_before', isSame: false })
  })

  test.each([99n, 101n])('for %s of the host instead of 100 is not the same', async (amount) => {
    await ledger.accrue(accountId)
    await give({ bearer: 'host' })
    const again = await give({ bearer: 'host', amount })
    expect(again).toMatchObject({ kind: 'refunded_before', isSame: false })
  })

  test('for a correction about the same charge is not the same', async () => {
    await ledger.accrue(accountId)
    const { holdId } = decision
    const terms = { accountId, amount: 100n, reference: 'refund 1', reason: holdId, by: 'ann' }
    await adjust(ledger.adjusting, terms)
    const again = await give({ bearer: 'host' })
    expect(again).toMatchObject({ kind: 'refunded_before', isSame: false })
  })

  test('for a credit of the same amount is not the same', async () => {
    const [credited] = ledger.entries()
    const change = { reference: credited?.reference ?? '', amount: 1_000n }
    expect(await give(change)).toMatchObject({ kind: 'refunded_before', isSame: false })
  })
})

describe('a refund that the host bears', () => {
  const byHost = (change: Partial<Refund> = {}, of = decision) =>
    give({ bearer: 'host', ...change }, of)

  test.each([
    [1_000n, 850n, 150n],
    [100n, 85n, 15n],
    // Rounded down: a host never gives back more than it got.
    [1n, 0n, 1n],
    [2n, 1n, 1n],
    [0n, 0n, 0n],
  ])('of %s takes back %s from it and %s from the fee', async (amount, fromHost, fromFees) => {
    await ledger.accrue(accountId)
    const refunded = await byHost({ amount })
    if (refunded.kind !== 'refunded') throw new Error(`it is refunded, not ${refunded.kind}`)
    const { legs } = refunded.entry
    expect(netOf(legs, 'host', node)).toBe(-fromHost)
    expect(netOf(legs, 'fees')).toBe(-fromFees)
    expect(await ledger.earnings()).toMatchObject({
      payable: 850n - fromHost,
      clawedBack: fromHost,
    })
    expect(await available()).toBe(4_000n + amount)
  })

  test('in any parts never takes back more than the host got', async () => {
    await ledger.accrue(accountId)
    for (let part = 0; part < 10; part += 1) {
      await byHost({ amount: 100n, reference: `part ${part}` })
    }
    expect(await byHost({ amount: 1n, reference: 'one more' })).toEqual({ kind: 'above_charge' })
    expect(await ledger.earnings()).toMatchObject({ payable: 0n, clawedBack: 850n })
  })

  test('waits until the charge has accrued', async () => {
    expect(await byHost()).toEqual({ kind: 'host_short' })
    await ledger.accrue(accountId)
    const later = await ledger.charged(accountId, { charge: 1_000n })
    expect(await byHost({}, later)).toEqual({ kind: 'host_short' })
    expect(await byHost()).toMatchObject({ kind: 'refunded' })
  })

  test('is not possible any more once the host was paid', async () => {
    await ledger.accrue(accountId)
    const state = ledger.memory.state
    const earnings = state.earnings.get(node)
    if (!earnings) throw new Error('the node has earned')
    state.earnings.set(node, { ...earnings, payable: 84n, paid: 766n })
    expect(await byHost()).toEqual({ kind: 'host_short' })
    expect(await byHost({ amount: 99n })).toMatchObject({ kind: 'refunded' })
  })

  test('is not possible where nobody served', async () => {
    const unserved = await ledger.charged(accountId, { charge: 10n, nodeId: undefined })
    await ledger.accrue(accountId)
    expect(await byHost({ amount: 1n }, unserved)).toEqual({ kind: 'host_unpaid' })
  })

  test('is not possible where its own owner paid', async () => {
    ledger.own(accountId, otherNode)
    const own = await ledger.charged(accountId, { charge: 10n, nodeId: otherNode })
    await ledger.accrue(accountId)
    expect(await byHost({ amount: 1n }, own)).toEqual({ kind: 'host_unpaid' })
    expect(await byHost()).toMatchObject({ kind: 'refunded' })
  })

  test('is not possible where a grant may have paid', async () => {
    const granted = await ledger.customer(100n, 'grant')
    const charge = await ledger.charged(granted, { charge: 100n })
    await ledger.accrue(granted)
    expect(await byHost({ amount: 1n }, charge)).toEqual({ kind: 'host_unpaid' })
  })

  test('is not possible for a wallet that is gone', async () => {
    await ledger.accrue(accountId)
    ledger.memory.state.wallets.delete(accountId)
    expect(await byHost()).toEqual({ kind: 'host_unpaid' })
  })

  test('beyond the charge is refused before anything else is asked', async () => {
    expect(await byHost({ amount: 1_001n })).toEqual({ kind: 'above_charge' })
  })
})

test('a charge of nothing is refunded with nothing, whoever bears it', async () => {
  const free = await ledger.charged(accountId, { charge: 0n })
  await ledger.accrue(accountId)
  for (const bearer of ['platform', 'host'] as const) {
    const terms = { amount: 0n, bearer, reference: bearer }
    expect(await give(terms, free)).toMatchObject({ kind: 'refunded' })
    expect(await give({ ...terms, amount: 1n }, free)).toEqual({ kind: 'above_charge' })
  }
})

test('without an answer the outcome is not known', async () => {
  const post = async () => ({ kind: 'unknown' }) as const
  const journal = { ...ledger.refunding.journal, post }
  const terms = { amount: 1n, bearer: 'platform', reference: 'refund 1', by: 'ann' } as const
  const lost = await refund({ ...ledger.refunding, journal }, decision, terms)
  expect(lost).toEqual({ kind: 'unavailable' })
})
