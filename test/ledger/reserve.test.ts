import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { makeKeyStore } from '../../src/adapters/dynamodb/key-store.ts'
import type { Reservation } from '../../src/ledger/ports.ts'
import { type ReserveRefusal, refusalOf, reserve } from '../../src/ledger/reserve.ts'
import type { Wallet } from '../../src/ledger/wallet.ts'
import { limits } from '../../src/protocol/limits.ts'
import { aKey } from '../adapters/dynamodb/facts.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../support/embedded-dynamodb.ts'
import { losing } from './lost-replies.ts'
import { graceMs, type Ledger, leaseMs, openLedger } from './open-ledger.ts'

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
    secret: 4,
    keyVersion: 6,
    charges: [
      { name: 'sd#2#20261121', kind: 'spend_day', add: 50n, cap: 80n },
      { name: 'rm#2#202611210510', kind: 'rpm', add: 1n, cap: 2n },
    ],
    dropCounters: [],
  }
  const wallet: Wallet = {
    accountId: 'acct_1',
    status: 'active',
    available: 100n,
    held: 0n,
    spent: 0n,
    funded: 100n,
    granted: 0n,
    holds: new Map(),
    counters: new Map([
      ['sd#2#20261121', 30n],
      ['rm#2#202611210510', 1n],
      ['sd#3#20261121', 10n ** 9n],
    ]),
    revokedKeyOrdinals: new Set([1]),
    oldestSecrets: new Map([[1, 9]]),
    limitVersions: new Map([[1, 9]]),
    sweepBucket: undefined,
    closedBefore: undefined,
  }

  const openHolds = { kind: 'open_holds' } as const

  test.each<[string, Partial<Wallet>, ReserveRefusal]>([
    ['the hold is there', { holds: new Map([['h1', reservation.hold]]) }, { kind: 'duplicate' }],
    ['the books are closed at this very id', { closedBefore: 'h1' }, { kind: 'closed' }],
    ['the books are closed at a later id', { closedBefore: 'h2' }, { kind: 'closed' }],
    ['the books are closed at an earlier id', { closedBefore: 'h0' }, { kind: 'open_holds' }],
    ['the wallet is suspended', { status: 'suspended' }, { kind: 'suspended' }],
    ['this key is revoked', { revokedKeyOrdinals: new Set([2]) }, { kind: 'key_revoked' }],
    ['its secret is replaced', { oldestSecrets: new Map([[2, 5]]) }, { kind: 'key_revoked' }],
    ['its limits have changed', { limitVersions: new Map([[2, 7]]) }, { kind: 'key_changed' }],
    ['its limits are those of the key', { limitVersions: new Map([[2, 6]]) }, openHolds],
    ['its secret is the oldest that pays', { oldestSecrets: new Map([[2, 4]]) }, openHolds],
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
    const reserved = await reserve(ledger.reserving, order)
    expect(await ledger.books(accountId)).toEqual({ available: 700n, held: 300n, spent: 0n })
    const wallet = await ledger.sweeps.readWallet(accountId)
    expect(reserved).toEqual({
      kind: 'held',
      hold: wallet?.holds.get(order.holdId),
      counters: wallet?.counters,
    })
    expect(wallet?.holds).toEqual(
      new Map([[order.holdId, { ...order.hold, nonce: expect.any(String) }]]),
    )
    expect(wallet?.sweepBucket).toBe('2026-11-21T05:15')
    expect(await ledger.counters(accountId)).toEqual({
      'sd#1#20261121': 300n,
      'rm#1#202611210510': 1n,
    })
  })

  test('of nothing is held: a free model has its holds too', async () => {
    const accountId = await ledger.customer(0n)
    const order = ledger.reservation(accountId, 0n)
    expect(await reserve(ledger.reserving, order)).toMatchObject({ kind: 'held' })
    expect(await ledger.books(accountId)).toEqual({ available: 0n, held: 0n, spent: 0n })
  })

  test.each([
    ['its key passes a day cap', { spendPerDay: 299n }, 'spend_day'],
    ['its key passes a month cap', { spendPerMonth: 299n }, 'spend_month'],
    ['its key is capped to nothing', { spendPerDay: 0n }, 'spend_day'],
    ['it may use more tokens than a minute has', { tokensPerMinute: 99, tokens: 100 }, 'tpm'],
    ['its key may run none', { concurrency: 0 }, 'concurrency'],
  ] as const)('is refused without a write where %s at once', async (_, caps, limit) => {
    const accountId = await ledger.customer(1_000n)
    const store = { ...ledger.holds, reserve: () => Promise.reject(new Error('a write')) }
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
    expect(await reserve(ledger.reserving, other)).toMatchObject({ kind: 'held' })
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
        expect(await reserve(ledger.reserving, order)).toMatchObject({ kind: 'held' })
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
    expect(await reserve(ledger.reserving, next)).toMatchObject({ kind: 'held' })
  })

  test('for one hold more than a wallet may have open', async () => {
    const accountId = await ledger.customer(1_000n)
    for (let open = 0; open < limits.openHolds; open += 1) {
      const order = ledger.reservation(accountId, 1n)
      expect(await reserve(ledger.reserving, order)).toMatchObject({ kind: 'held' })
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

  test('for as many tokens as the minute has left, and one', async () => {
    const accountId = await ledger.customer(1_000n)
    const caps = { tokensPerMinute: 1_000 }
    await ledger.take(ledger.reservation(accountId, 1n, { ...caps, tokens: 700 }))
    const over = ledger.reservation(accountId, 1n, { ...caps, tokens: 301 })
    await expectRefused(over, { kind: 'counter', limit: 'tpm' })
    await ledger.take(ledger.reservation(accountId, 1n, { ...caps, tokens: 300 }))
    ledger.moveClock(60_000)
    await ledger.take(ledger.reservation(accountId, 1n, { ...caps, tokens: 1_000 }))
  })

  test('for one more running request than its key may have; another key has its own', async () => {
    const accountId = await ledger.customer(1_000n)
    const caps = { concurrency: 2 }
    await ledger.take(ledger.reservation(accountId, 1n, caps))
    await ledger.take(ledger.reservation(accountId, 1n, caps))
    const third = ledger.reservation(accountId, 1n, caps)
    await expectRefused(third, { kind: 'counter', limit: 'concurrency' })
    await ledger.take(ledger.reservation(accountId, 1n, { ...caps, keyOrdinal: 2 }))
  })

  test('for an id from before the books were closed', async () => {
    const accountId = await ledger.customer(1_000n)
    const old = ledger.reservation(accountId, 1n)
    ledger.moveClock(60_000)
    const last = ledger.reservation(accountId, 1n)
    await ledger.alterWallet(accountId, 'closedBefore', last.holdId)
    await expectRefused(old, { kind: 'closed' })
    await expectRefused(last, { kind: 'closed' })
    ledger.moveClock(1)
    await ledger.take(ledger.reservation(accountId, 1n))
  })
})

describe('a reserve takes along', () => {
  test("the key's minute counters of long ago, and no other", async () => {
    const accountId = await ledger.customer(1_000n)
    const caps = { spendPerDay: 900n, requestsPerMinute: 9, tokensPerMinute: 900, tokens: 5 }
    for (let minute = 0; minute < 5; minute += 1) {
      await ledger.take(ledger.reservation(accountId, 1n, caps))
      await ledger.take(ledger.reservation(accountId, 1n, { ...caps, keyOrdinal: 2 }))
      ledger.moveClock(60_000)
    }
    await ledger.take(ledger.reservation(accountId, 1n, caps))
    const minutesOf = async (key: number) =>
      Object.keys(await ledger.counters(accountId))
        .filter((name) => name.startsWith(`rm#${key}#`))
        .map((name) => name.slice(-2))
        .toSorted()
    expect(await minutesOf(1)).toEqual(['12', '13', '14', '15'])
    expect(await minutesOf(2)).toEqual(['11', '12', '13', '14'])
    expect(await ledger.counters(accountId)).toMatchObject({ 'sd#1#20261121': 6n })
  })
})

describe('a reserve whose reply is lost', () => {
  test('is repeated and found to be held, once', async () => {
    const accountId = await ledger.customer(1_000n)
    const caps = { spendPerDay: 500n, requestsPerMinute: 1 }
    const store = losing(ledger.holds, { reserve: ['reply lost', 'reply lost'] })
    const order = ledger.reservation(accountId, 300n, caps)
    expect(await reserve({ ...ledger.reserving, store }, order)).toMatchObject({ kind: 'held' })
    expect(await ledger.books(accountId)).toEqual({ available: 700n, held: 300n, spent: 0n })
    expect(await ledger.counters(accountId)).toMatchObject({ 'sd#1#20261121': 300n })
  })

  test('with the last of the balance is held, not refused', async () => {
    const accountId = await ledger.customer(300n)
    const store = losing(ledger.holds, { reserve: ['reply lost'] })
    const order = ledger.reservation(accountId, 300n)
    expect(await reserve({ ...ledger.reserving, store }, order)).toMatchObject({ kind: 'held' })
    expect(await ledger.books(accountId)).toEqual({ available: 0n, held: 300n, spent: 0n })
  })

  test('or whose request was lost is held all the same', async () => {
    const accountId = await ledger.customer(1_000n)
    const store = losing(ledger.holds, { reserve: ['request lost', 'reply lost'] })
    const order = ledger.reservation(accountId, 300n)
    expect(await reserve({ ...ledger.reserving, store }, order)).toMatchObject({ kind: 'held' })
    expect(await ledger.books(accountId)).toEqual({ available: 700n, held: 300n, spent: 0n })
  })

  test('every time leaves a hold that nobody uses and the sweeper releases', async () => {
    const accountId = await ledger.customer(1_000n)
    const store = losing(ledger.holds, { reserve: Array(4).fill('reply lost') })
    const order = ledger.reservation(accountId, 300n)
    expect(await reserve({ ...ledger.reserving, store }, order)).toEqual({ kind: 'unavailable' })
    expect(await ledger.books(accountId)).toEqual({ available: 700n, held: 300n, spent: 0n })
    ledger.moveClock(leaseMs + graceMs)
    const wallet = await ledger.sweeps.readWallet(accountId)
    expect(wallet && (await ledger.reserving.repair(wallet))).toBe(true)
    expect(await ledger.books(accountId)).toEqual({ available: 1_000n, held: 0n, spent: 0n })
  })
})

test('a repair that the store does not answer is no refusal, and no fault of ours', async () => {
  const accountId = await ledger.customer(100n)
  const deps = { ...ledger.reserving, repair: () => Promise.reject(new Error('throttled')) }
  expect(await reserve(deps, ledger.reservation(accountId, 300n))).toEqual({ kind: 'unavailable' })
})
