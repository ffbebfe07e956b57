import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { makeHoldStore } from '../../src/adapters/dynamodb/hold-store.ts'
import { finishHold } from '../../src/ledger/finish.ts'
import { claimLifeMs } from '../../src/ledger/idempotency.ts'
import type { Decision, HoldStore, IdempotencyClaim, Reservation } from '../../src/ledger/ports.ts'
import { reserve } from '../../src/ledger/reserve.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../support/embedded-dynamodb.ts'
import { losing } from './lost-replies.ts'
import { charging, failing, graceMs, type Ledger, leaseMs, openLedger } from './open-ledger.ts'

let engine: EmbeddedDynamodb
let ledger: Ledger
let accountId: string
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
})
beforeEach(async () => {
  ledger = await openLedger(engine)
  accountId = await ledger.customer(1_000n)
})
afterAll(() => engine.stop())

const claimNow = (changes: Partial<IdempotencyClaim> = {}): IdempotencyClaim => {
  const nowSec = Math.floor(ledger.nowMs() / 1000)
  const expiresAtSec = nowSec + claimLifeMs / 1000
  return { claimHash: 'key of the client', fingerprint: 'body', nowSec, expiresAtSec, ...changes }
}

/** A request of 100 under the client's key, a second after the last one. */
function request(changes: Partial<IdempotencyClaim> = {}, amount = 100n): Reservation {
  ledger.moveClock(1_000)
  return { ...ledger.reservation(accountId, amount, { concurrency: 9 }), claim: claimNow(changes) }
}

const tryTo = (order: Reservation, store: HoldStore = ledger.holds) =>
  reserve({ ...ledger.reserving, store }, order)
const finish = ({ hold }: Reservation, decision: Decision) =>
  finishHold(ledger.finishing, hold, decision)
const refused = (refusal: object) => ({ kind: 'refused', refusal })
const running = ({ holdId }: Reservation) => refused({ kind: 'claim_running', holdId })
const completed = ({ holdId, receipt }: Decision) =>
  refused({ kind: 'claim_completed', holdId, receiptHash: receipt.receipt_hash })

async function holdIdOfClaim(): Promise<unknown> {
  const Key = { pk: 'claim#key of the client', sk: 'claim' }
  const { client, tables } = ledger.database
  const { Item } = await client.get({ TableName: tables.keys, Key })
  return Item?.holdId
}

/** Nothing but the first request has touched the money. */
const expectOneHold = async () =>
  expect(await ledger.books(accountId)).toEqual({ available: 900n, held: 100n, spent: 0n })

describe('a key that was never used', () => {
  test('is taken together with the hold', async () => {
    const order = await ledger.take(request())
    expect(await holdIdOfClaim()).toBe(order.holdId)
    await expectOneHold()
  })

  test.each([
    ['the balance is short', 1_001n, {}],
    ['the wallet is suspended', 1n, { status: 'suspended' }],
    ['the books are closed', 1n, { closedBefore: '7ZZZZZZZZZZZZZZZZZZZZZZZZZ' }],
  ])('stays free where %s', async (_, amount, changes) => {
    for (const [name, value] of Object.entries(changes)) {
      await ledger.alterWallet(accountId, name, value)
    }
    expect(await tryTo(request({}, amount))).toMatchObject({ kind: 'refused' })
    expect(await holdIdOfClaim()).toBeUndefined()
  })

  test('is in the way of no request without one', async () => {
    await ledger.take(request())
    await ledger.take({ ...request(), claim: undefined })
    expect(await ledger.books(accountId)).toMatchObject({ held: 200n })
  })

  test('used by eight processes at once runs once', async () => {
    const orders = Array.from({ length: 16 }, () => request())
    const stores = Array.from({ length: 8 }, () => makeHoldStore(ledger.connect()))
    const outcomes = await Promise.all(
      orders.map((order, index) => tryTo(order, stores[index % stores.length])),
    )
    expect(outcomes.filter(({ kind }) => kind === 'held')).toHaveLength(1)
    const winner = orders.find((_, index) => outcomes[index]?.kind === 'held')
    if (!winner) throw new Error('one was held')
    expect(outcomes.filter(({ kind }) => kind === 'refused')).toEqual(
      Array(15).fill(running(winner)),
    )
    await expectOneHold()
  })

  test('is admitted once the expired holds of its wallet are out of the way', async () => {
    await ledger.take(ledger.reservation(accountId, 950n))
    ledger.moveClock(leaseMs + graceMs)
    await ledger.take(request())
    await expectOneHold()
  })
})

describe('a key whose attempt', () => {
  test('still runs refuses, and changes nothing', async () => {
    const first = await ledger.take(request())
    expect(await tryTo(request())).toEqual(running(first))
    await expectOneHold()
    expect(await holdIdOfClaim()).toBe(first.holdId)
  })

  test('crashed runs until the sweeper has ended its hold, and is free then', async () => {
    const first = await ledger.take(request())
    ledger.moveClock(leaseMs + graceMs)
    expect(await tryTo(request())).toEqual(running(first))
    const wallet = await ledger.sweeps.readWallet(accountId)
    expect(wallet && (await ledger.reserving.repair(wallet))).toBe(true)
    const second = await ledger.take(request())
    expect(await holdIdOfClaim()).toBe(second.holdId)
    await expectOneHold()
  })

  test('was charged refuses with its receipt', async () => {
    const first = await ledger.take(request())
    const decision = charging(first, 40n)
    await finish(first, decision)
    expect(await tryTo(request())).toEqual(completed(decision))
    expect(await ledger.books(accountId)).toEqual({ available: 960n, held: 0n, spent: 40n })
  })

  test('was decided and not settled yet refuses with its receipt', async () => {
    const first = await ledger.take(request())
    const decision = charging(first, 40n)
    await ledger.holds.decide(decision)
    expect(await tryTo(request())).toEqual(completed(decision))
    await ledger.holds.settle({ ...first, charge: 40n, returns: [] })
    expect(await ledger.books(accountId)).toMatchObject({ spent: 40n })
  })

  test('was answered for nothing refuses with its receipt: the answer was given', async () => {
    const first = await ledger.take(request())
    const decision = charging(first, 0n)
    await finish(first, decision)
    expect(await tryTo(request())).toEqual(completed(decision))
  })

  test('broke off and was charged in part refuses with its receipt', async () => {
    const first = await ledger.take(request())
    const result = { status: 'partial', finish_reason: null, error: 'upstream_error' } as const
    const decision = charging(first, 40n, { result })
    await finish(first, decision)
    expect(await tryTo(request())).toEqual(completed(decision))
  })

  test('failed without a charge is free, and names the next attempt from then on', async () => {
    const first = await ledger.take(request())
    await finish(first, failing(first))
    const second = await ledger.take(request())
    expect(second.holdId).not.toBe(first.holdId)
    expect(await tryTo(request())).toEqual(running(second))
    const decision = charging(second, 40n)
    await finish(second, decision)
    expect(await tryTo(request())).toEqual(completed(decision))
    expect(await ledger.books(accountId)).toEqual({ available: 960n, held: 0n, spent: 40n })
  })

  test('failed is free also for an account that cannot run it now, which is told why', async () => {
    const first = await ledger.take(request())
    await finish(first, failing(first))
    const balance = { kind: 'balance', available: 1_000n, held: 0n }
    expect(await tryTo(request({}, 1_001n))).toMatchObject(refused(balance))
    expect(await holdIdOfClaim()).toBe(first.holdId)
    await ledger.take(request())
  })
})

describe('a key that comes with another body', () => {
  const states = {
    'still runs': async () => undefined,
    'was charged': (order: Reservation) => finish(order, charging(order, 40n)),
    'left it free': (order: Reservation) => finish(order, failing(order)),
  }

  test.each(Object.entries(states))(
    'is refused where the attempt %s, and the right body is not',
    async (_, bring) => {
      const first = await ledger.take(request())
      await bring(first)
      const before = await ledger.books(accountId)
      const other = request({ fingerprint: 'another body' })
      expect(await tryTo(other)).toEqual(refused({ kind: 'claim_reused' }))
      expect(await ledger.books(accountId)).toEqual(before)
      expect(await holdIdOfClaim()).toBe(first.holdId)
      expect(await tryTo(request())).not.toEqual(refused({ kind: 'claim_reused' }))
    },
  )
})

describe('a key of 24 hours ago', () => {
  test.each<[string, Partial<IdempotencyClaim>]>([
    ['the same body', {}],
    ['another one', { fingerprint: 'another body' }],
  ])('is free for %s, whatever became of it', async (_, changes) => {
    const first = await ledger.take(request())
    await finish(first, charging(first, 40n))
    ledger.moveClock(claimLifeMs - 2_000)
    expect(await tryTo(request(changes))).toMatchObject({ kind: 'refused' })
    const second = await ledger.take(request(changes))
    expect(await holdIdOfClaim()).toBe(second.holdId)
    expect(await ledger.books(accountId)).toEqual({ available: 860n, held: 100n, spent: 40n })
  })
})

describe('two that take a freed key over', () => {
  test('at the same time, from eight processes: one runs', async () => {
    const first = await ledger.take(request())
    await finish(first, failing(first))
    const orders = Array.from({ length: 16 }, () => request())
    const stores = Array.from({ length: 8 }, () => makeHoldStore(ledger.connect()))
    const outcomes = await Promise.all(
      orders.map((order, index) => tryTo(order, stores[index % stores.length])),
    )
    const winner = orders.find((_, index) => outcomes[index]?.kind === 'held')
    if (!winner) throw new Error('one was held')
    expect(outcomes.filter(({ kind }) => kind === 'refused')).toEqual(
      Array(15).fill(running(winner)),
    )
    expect(await holdIdOfClaim()).toBe(winner.holdId)
    await expectOneHold()
  })

  test('one after the other has looked: the later one is told that it runs', async () => {
    const first = await ledger.take(request())
    await finish(first, failing(first))
    const taken: Reservation[] = []
    const store: HoldStore = {
      ...ledger.holds,
      readDecision: async (...of) => {
        const decision = await ledger.holds.readDecision(...of)
        if (taken.length === 0) taken.push(await ledger.take(request()))
        return decision
      },
    }
    const later = await tryTo(request(), store)
    const [winner] = taken
    if (!winner) throw new Error('the other one was held')
    expect(later).toEqual(running(winner))
    await expectOneHold()
  })
})

test('whether the key is free cannot be told while the store does not answer: ask again', async () => {
  const first = await ledger.take(request())
  await finish(first, failing(first))
  const store: HoldStore = {
    ...ledger.holds,
    readDecision: () => Promise.reject(new Error('throttled')),
  }
  expect(await tryTo(request(), store)).toEqual({ kind: 'unavailable' })
})

describe('a reserve with a key whose reply is lost', () => {
  test.each([
    ['once', ['reply lost']],
    ['three times', ['reply lost', 'reply lost', 'reply lost']],
    ['after its request was', ['request lost', 'reply lost']],
  ] as const)('%s finds its own hold', async (_, fates) => {
    const store = losing(ledger.holds, { reserve: fates })
    const order = await ledger.take(request(), store)
    const wallet = await ledger.sweeps.readWallet(accountId)
    expect(wallet?.holds.get(order.holdId)).toEqual(order.hold)
    await finish(order, charging(order, 40n))
    expect(await ledger.books(accountId)).toEqual({ available: 960n, held: 0n, spent: 40n })
  })

  test('when it took the key over finds its own hold', async () => {
    const first = await ledger.take(request())
    await finish(first, failing(first))
    const store = losing(ledger.holds, { reserve: ['goes through', 'reply lost'] })
    const order = await ledger.take(request(), store)
    expect(await holdIdOfClaim()).toBe(order.holdId)
    await expectOneHold()
  })

  test('every time is unavailable; the key is free once the hold has expired', async () => {
    const store = losing(ledger.holds, { reserve: Array(4).fill('reply lost') })
    expect(await tryTo(request(), store)).toEqual({ kind: 'unavailable' })
    await expectOneHold()
    ledger.moveClock(leaseMs + graceMs)
    const wallet = await ledger.sweeps.readWallet(accountId)
    expect(wallet && (await ledger.reserving.repair(wallet))).toBe(true)
    await ledger.take(request())
    await expectOneHold()
  })

  test('until its hold has expired is unavailable, and not held a second time', async () => {
    const store = losing(ledger.holds, { reserve: ['reply lost'] })
    const sleep = async () => {
      ledger.moveClock(leaseMs + graceMs)
      const wallet = await ledger.sweeps.readWallet(accountId)
      if (wallet) await ledger.reserving.repair(wallet)
    }
    const outcome = await reserve({ ...ledger.reserving, store, sleep }, request())
    expect(outcome).toEqual({ kind: 'unavailable' })
    expect(await ledger.books(accountId)).toEqual({ available: 1_000n, held: 0n, spent: 0n })
  })
})
