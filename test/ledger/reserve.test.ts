import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { makeKeyStore } from '../../src/adapters/dynamodb/key-store.ts'
import type { Reservation } from '../../src/ledger/ports.ts'
import { type ReserveRefusal, refusalOf, reserve } from '../../src/ledger/reserve.ts'
import type { Wallet } from '../../src/ledger/wallet.ts'
import { limits } from '../../src/protocol/limits.ts'
import { aKey } from '../adapters/dynamodb/facts.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../support/embedded-dynamodb.ts'
import { losing } from './lost-replies.ts'
import { charging, graceMs, type Ledger, leaseMs, openLedger } from './open-ledger.ts'

let engine: EmbeddedDynamodb
let ledger: Ledger
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
})
beforeEach(async () => {
  ledger = await openLedger(engine)
})
afterAll(() => engine.stop())

describe('why a reserve was refused', () => {
  const reservation: Reservation = {
    accountId: 'acct_1',
    holdId: 'h1',
    hold: { amount: 50n, expiresAtSec: 1, nonce: 'mine', priceVersion: 1, counted: undefined },
    keyOrdinal: 2,
    charges: [
      { name: 'sd#2#20261121', kind: 'spend_day', add: 50n, cap: 80n },
      { name: 'rm#2#202611210510', kind: 'rpm', add: 1n, cap: 2n },
    ],
  }
  const wallet: Wallet = {
    accountId: 'acct_1',
    status: 'active',
    available: 100n,
    held: 0n,
    spent: 0n,
    funded: 100n,
    holds: new Map(),
    counters: new Map([
      ['sd#2#20261121', 30n],
      ['rm#2#202611210510', 1n],
      ['sd#3#20261121', 10n ** 9n],
    ]),
    revokedKeyOrdinals: new Set([1]),
    sweepBucket: undefined,
  }
  const holdOf = (nonce: string) => new Map([['h1', { ...reservation.hold, nonce }]])

  test.each<[string, Partial<Wallet>, ReserveRefusal | 'own_hold']>([
    ['the hold is there with our nonce', { holds: holdOf('mine') }, 'own_hold'],
    [
      'and the wallet was suspended since',
      { holds: holdOf('mine'), status: 'suspended' },
      'own_hold',
    ],
    ['the hold is there with another nonce', { holds: holdOf('theirs') }, { kind: 'duplicate' }],
    ['the wallet is suspended', { status: 'suspended' }, { kind: 'suspended' }],
    ['this key is revoked', { revokedKeyOrdinals: new Set([2]) }, { kind: 'key_revoked' }],
    [
      'the day of this key is spent',
      { counters: new Map([['sd#2#20261121', 31n]]) },
      { kind: 'counter', limit: 'spend_day' },
    ],
    [
      'the minute of this key is full',
      { counters: new Map([['rm#2#202611210510', 2n]]) },
      { kind: 'counter', limit: 'rpm' },
    ],
    [
      'the balance is short',
      { available: 49n, held: 51n },
      { kind: 'balance', available: 49n, held: 51n },
    ],
    ['nothing of this is so', {}, { kind: 'open_holds' }],
  ])('%s', (_, changes, refusal) => {
    expect(refusalOf({ ...wallet, ...changes }, reservation)).toEqual(refusal)
  })

  test('there is no wallet', () => {
    expect(refusalOf(undefined, reservation)).toEqual({ kind: 'no_wallet' })
  })
})

describe('a reserve', () => {
  test('holds its amount until it is settled or its lease ends', async () => {
    const accountId = await ledger.customer(1_000n)
    const order = ledger.reservation(accountId, 300n, { spendPerDay: 500n, requestsPerMinute: 2 })
    expect(await reserve(ledger.reserving, order)).toEqual({ kind: 'held' })
    expect(await ledger.books(accountId)).toEqual({ available: 700n, held: 300n, spent: 0n })
    const wallet = await ledger.sweeps.readWallet(accountId)
    expect(wallet?.holds).toEqual(new Map([[order.holdId, order.hold]]))
    expect(wallet?.sweepBucket).toBe('2026-11-21T05:15')
    expect(await ledger.counters(accountId)).toEqual({
      'sd#1#20261121': 300n,
      'rm#1#202611210510': 1n,
    })
  })

  test('of nothing is held: a free model has its holds too', async () => {
    const accountId = await ledger.customer(0n)
    const order = ledger.reservation(accountId, 0n)
    expect(await reserve(ledger.reserving, order)).toEqual({ kind: 'held' })
    expect(await ledger.books(accountId)).toEqual({ available: 0n, held: 0n, spent: 0n })
  })

  test.each([
    ['its key passes a day cap', { spendPerDay: 299n }, 'spend_day'],
    ['its key passes a month cap', { spendPerMonth: 299n }, 'spend_month'],
    ['its key is capped to nothing', { spendPerDay: 0n }, 'spend_day'],
  ] as const)('is refused without a write where %s at once', async (_, caps, limit) => {
    const accountId = await ledger.customer(1_000n)
    const store = { reserve: () => Promise.reject(new Error('a write')) }
    const order = ledger.reservation(accountId, 300n, caps)
    expect(await reserve({ ...ledger.reserving, store }, order)).toEqual(
      refused({ kind: 'counter', limit }),
    )
  })
})

const refused = (refusal: ReserveRefusal) => ({ kind: 'refused', refusal })

describe('a reserve is refused and changes nothing', () => {
  const expectRefused = async (order: Reservation, refusal: ReserveRefusal) => {
    const before = await ledger.sweeps.readWallet(order.accountId)
    expect(await reserve(ledger.reserving, order)).toMatchObject(refused(refusal))
    expect(await ledger.sweeps.readWallet(order.accountId)).toEqual(before)
    await ledger.books(order.accountId)
  }

  test('for an account that does not exist', async () => {
    const order = ledger.reservation('acct_01JABCDEFGHJKMNPQRSTVWXYZ1', 1n)
    expect(await reserve(ledger.reserving, order)).toMatchObject(refused({ kind: 'no_wallet' }))
  })

  test('for a balance one nano-USD short', async () => {
    const accountId = await ledger.customer(1_000n)
    await reserve(ledger.reserving, ledger.reservation(accountId, 400n))
    const order = ledger.reservation(accountId, 601n)
    await expectRefused(order, { kind: 'balance', available: 600n, held: 400n })
  })

  test('for a suspended wallet', async () => {
    const accountId = await ledger.customer(1_000n)
    await ledger.alterWallet(accountId, 'status', 'suspended')
    await expectRefused(ledger.reservation(accountId, 1n), { kind: 'suspended' })
  })

  test('for a revoked key, while other keys go on', async () => {
    const accountId = await ledger.customer(1_000n)
    const keys = makeKeyStore(ledger.database)
    const key = await keys.createKey(aKey(accountId))
    if (!key) throw new Error('the key is created')
    await keys.revokeKey(key)
    const caps = { keyOrdinal: key.ordinal }
    await expectRefused(ledger.reservation(accountId, 1n, caps), { kind: 'key_revoked' })
    const other = ledger.reservation(accountId, 1n, { keyOrdinal: key.ordinal + 1 })
    expect(await reserve(ledger.reserving, other)).toEqual({ kind: 'held' })
  })

  test.each([
    ['day cap', { spendPerDay: 500n }, 'spend_day'],
    ['month cap', { spendPerMonth: 500n }, 'spend_month'],
  ] as const)(
    'for a %s, reached by what is held; another key has its own',
    async (_, caps, limit) => {
      const accountId = await ledger.customer(1_000n)
      await reserve(ledger.reserving, ledger.reservation(accountId, 300n, caps))
      await expectRefused(ledger.reservation(accountId, 201n, caps), { kind: 'counter', limit })
      for (const order of [
        ledger.reservation(accountId, 201n, { ...caps, keyOrdinal: 2 }),
        ledger.reservation(accountId, 200n, caps),
      ]) {
        expect(await reserve(ledger.reserving, order)).toEqual({ kind: 'held' })
      }
    },
  )

  test('for a full minute; the next one is empty', async () => {
    const accountId = await ledger.customer(1_000n)
    const caps = { requestsPerMinute: 2 }
    await reserve(ledger.reserving, ledger.reservation(accountId, 1n, caps))
    await reserve(ledger.reserving, ledger.reservation(accountId, 1n, caps))
    await expectRefused(ledger.reservation(accountId, 1n, caps), { kind: 'counter', limit: 'rpm' })
    ledger.moveClock(60_000)
    const next = ledger.reservation(accountId, 1n, caps)
    expect(await reserve(ledger.reserving, next)).toEqual({ kind: 'held' })
  })

  test('for one hold more than a wallet may have open', async () => {
    const accountId = await ledger.customer(1_000n)
    for (let open = 0; open < limits.openHolds; open += 1) {
      const order = ledger.reservation(accountId, 1n)
      expect(await reserve(ledger.reserving, order)).toEqual({ kind: 'held' })
    }
    await expectRefused(ledger.reservation(accountId, 1n), { kind: 'open_holds' })
  })

  test('for the id of a hold that somebody else has', async () => {
    const accountId = await ledger.customer(1_000n)
    const theirs = ledger.reservation(accountId, 10n)
    await reserve(ledger.reserving, theirs)
    const ours = { ...ledger.reservation(accountId, 10n), holdId: theirs.holdId }
    await expectRefused(ours, { kind: 'duplicate' })
  })
})

describe('a reserve whose reply is lost', () => {
  test('is repeated and found to be held, once', async () => {
    const accountId = await ledger.customer(1_000n)
    const caps = { spendPerDay: 500n, requestsPerMinute: 1 }
    const store = losing(ledger.holds, { reserve: ['reply lost', 'reply lost'] })
    const order = ledger.reservation(accountId, 300n, caps)
    expect(await reserve({ ...ledger.reserving, store }, order)).toEqual({ kind: 'held' })
    expect(await ledger.books(accountId)).toEqual({ available: 700n, held: 300n, spent: 0n })
    expect(await ledger.counters(accountId)).toMatchObject({ 'sd#1#20261121': 300n })
  })

  test('with the last of the balance is held, not refused', async () => {
    const accountId = await ledger.customer(300n)
    const store = losing(ledger.holds, { reserve: ['reply lost'] })
    const order = ledger.reservation(accountId, 300n)
    expect(await reserve({ ...ledger.reserving, store }, order)).toEqual({ kind: 'held' })
    expect(await ledger.books(accountId)).toEqual({ available: 0n, held: 300n, spent: 0n })
  })

  test('or whose request was lost is held all the same', async () => {
    const accountId = await ledger.customer(1_000n)
    const store = losing(ledger.holds, { reserve: ['request lost', 'reply lost'] })
    const order = ledger.reservation(accountId, 300n)
    expect(await reserve({ ...ledger.reserving, store }, order)).toEqual({ kind: 'held' })
    expect(await ledger.books(accountId)).toEqual({ available: 700n, held: 300n, spent: 0n })
  })

  test('every time leaves a hold that nobody uses and the sweeper releases', async () => {
    const accountId = await ledger.customer(1_000n)
    const store = losing(ledger.holds, { reserve: Array(3).fill('reply lost') })
    const order = ledger.reservation(accountId, 300n)
    expect(await reserve({ ...ledger.reserving, store }, order)).toEqual({ kind: 'unavailable' })
    expect(await ledger.books(accountId)).toEqual({ available: 700n, held: 300n, spent: 0n })
    ledger.moveClock(leaseMs + graceMs)
    const wallet = await ledger.sweeps.readWallet(accountId)
    expect(wallet && (await ledger.reserving.repair(wallet))).toBe(true)
    expect(await ledger.books(accountId)).toEqual({ available: 1_000n, held: 0n, spent: 0n })
  })
})

describe('a refused wallet with an expired hold of its own', () => {
  test.each([
    ['the balance', 1_000n, {}],
    ['a spend cap', 10_000n, { spendPerMonth: 1_000n }],
  ] as const)('has it resolved at once and is admitted: %s', async (_, funded, caps) => {
    const accountId = await ledger.customer(funded)
    const lost = ledger.reservation(accountId, 800n, caps)
    await reserve(ledger.reserving, lost)
    ledger.moveClock(leaseMs + graceMs)
    const order = ledger.reservation(accountId, 900n, caps)
    expect(await reserve(ledger.reserving, order)).toEqual({ kind: 'held' })
    const available = funded - 900n
    expect(await ledger.books(accountId)).toEqual({ available, held: 900n, spent: 0n })
    const decided = await ledger.receipts.readReceipt(accountId, lost.holdId)
    expect(decided?.receipt.body.result.status).toBe('expired')
  })

  test('has room for holds again', async () => {
    const accountId = await ledger.customer(1_000n)
    for (let open = 0; open < limits.openHolds; open += 1) {
      await reserve(ledger.reserving, ledger.reservation(accountId, 1n))
    }
    ledger.moveClock(leaseMs + graceMs)
    const order = ledger.reservation(accountId, 1n)
    expect(await reserve(ledger.reserving, order)).toEqual({ kind: 'held' })
    expect(await ledger.books(accountId)).toEqual({ available: 999n, held: 1n, spent: 0n })
  })

  test('that a gateway had decided keeps its charge', async () => {
    const accountId = await ledger.customer(1_000n)
    const lost = ledger.reservation(accountId, 800n)
    await reserve(ledger.reserving, lost)
    await ledger.holds.decide(charging(lost, 150n))
    ledger.moveClock(leaseMs + graceMs)
    const refusal = { kind: 'balance', available: 850n, held: 0n } as const
    const tooMuch = ledger.reservation(accountId, 900n)
    expect(await reserve(ledger.reserving, tooMuch)).toMatchObject(refused(refusal))
    const order = ledger.reservation(accountId, 850n)
    expect(await reserve(ledger.reserving, order)).toEqual({ kind: 'held' })
    expect(await ledger.books(accountId)).toEqual({ available: 0n, held: 850n, spent: 150n })
  })

  test('is refused as before while the lease and its grace run', async () => {
    const accountId = await ledger.customer(1_000n)
    await reserve(ledger.reserving, ledger.reservation(accountId, 800n))
    ledger.moveClock(leaseMs + graceMs - 1)
    const order = ledger.reservation(accountId, 900n)
    expect(await reserve(ledger.reserving, order)).toMatchObject(
      refused({ kind: 'balance', available: 200n, held: 800n }),
    )
    expect(await ledger.books(accountId)).toEqual({ available: 200n, held: 800n, spent: 0n })
  })
})
