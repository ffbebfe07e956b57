import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { AwsError, lostNames } from '../../../src/adapters/aws/aws-error.ts'
import { type Connection, makeConnection, type Post } from '../../../src/adapters/aws/connection.ts'
import { clientOver } from '../../../src/adapters/dynamodb/client/operations.ts'
import { makeDatabase } from '../../../src/adapters/dynamodb/client.ts'
import { makeHoldStore } from '../../../src/adapters/dynamodb/hold-store.ts'
import type { IdempotencyClaim } from '../../../src/ledger/ports.ts'
import { charging, type Ledger, openLedger } from '../../ledger/open-ledger.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { cancelled, type Reason } from './cancelled.ts'
import { anAccountId } from './facts.ts'

let engine: EmbeddedDynamodb
let ledger: Ledger
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
})
beforeEach(async () => {
  ledger = await openLedger(engine)
})
afterAll(() => engine.stop())

const aClaim: IdempotencyClaim = {
  claimHash: 'key of the client',
  fingerprint: 'body',
  nowSec: 1_000,
  expiresAtSec: 2_000,
}

/** Clients whose first request is carried out and its reply lost; counts what is sent. */
function withLostReply() {
  const { post, close } = makeConnection(new URL(engine.endpoint))
  let sent = 0
  const losing: Post = async (headers, body) => {
    sent += 1
    const isLost = sent === 1
    const answer = await post(headers, body)
    if (isLost) throw lost
    return answer
  }
  const database = connected({ post: losing, close })
  return { store: makeHoldStore(database), database, sent: () => sent }
}

const lost = new AwsError(lostNames.connection, { message: 'socket hang up' })

const connected = (connection: Connection) =>
  makeDatabase({ tables: ledger.database.tables, endpoint: engine.endpoint, connection })

describe('a write whose reply is lost', () => {
  const funded = async () => ledger.reservation(await ledger.customer(100n), 100n)

  test('of a hold is unknown, sent a single time, and found by the next try', async () => {
    const { store, sent } = withLostReply()
    const order = await funded()
    expect(await store.reserve(order)).toEqual({ kind: 'unknown' })
    expect(sent()).toBe(1)
    const again = await store.reserve({ ...order, hold: { ...order.hold, nonce: 'next try' } })
    expect(again).toMatchObject({ kind: 'refused', wallet: { held: 100n } })
    expect(again.kind === 'refused' && again.wallet?.holds.get(order.holdId)).toEqual(order.hold)
  })

  test('of a hold and a claim is unknown, sent a single time, and found by both', async () => {
    const { store, sent } = withLostReply()
    const order = { ...(await funded()), claim: aClaim }
    expect(await store.reserve(order)).toEqual({ kind: 'unknown' })
    expect(sent()).toBe(1)
    const again = await store.reserve({ ...order, hold: { ...order.hold, nonce: 'next try' } })
    expect(again).toMatchObject({
      kind: 'refused',
      wallet: { holds: new Map([[order.holdId, order.hold]]) },
      claim: { fingerprint: aClaim.fingerprint, holdId: order.holdId },
    })
  })

  test('of a decision is unknown, sent a single time, and found by the next try', async () => {
    const { store, sent } = withLostReply()
    const decision = charging(await funded(), 40n)
    expect(await store.decide(decision)).toEqual({ kind: 'unknown' })
    expect(sent()).toBe(1)
    expect(await store.decide(decision)).toEqual({ kind: 'decided_before', decision })
  })

  test('of a settlement is unknown, sent a single time, and was applied', async () => {
    const { store, sent } = withLostReply()
    const order = await funded()
    await ledger.holds.reserve(order)
    await ledger.holds.decide(charging(order, 40n))
    const settlement = { ...order, charge: 40n, returns: [] }
    expect(await store.settle(settlement)).toEqual({ kind: 'unknown' })
    expect(sent()).toBe(1)
    expect(await store.settle(settlement)).toEqual({ kind: 'applied_before' })
    expect(await ledger.books(order.accountId)).toEqual({ available: 60n, held: 0n, spent: 40n })
  })

  test('is a read: the client repeats it by itself', async () => {
    const decision = charging(await funded(), 40n)
    await ledger.holds.decide(decision)
    const { store, sent } = withLostReply()
    expect(await store.readDecision(decision.accountId, decision.holdId)).toEqual(decision)
    expect(sent()).toBe(2)
  })
})

/** A store whose transactions are cancelled for these reasons, one list for each, in order. */
function contended(cancellations: readonly (readonly Reason[])[]) {
  const left = [...cancellations]
  const database = ledger.connect()
  const { call } = database.once
  const once = clientOver(async (operation, input) => {
    const reasons = left.shift()
    if (!reasons) return call(operation, input)
    throw cancelled(...reasons)
  })
  return makeHoldStore({ ...database, once })
}

describe('a reserve with a claim', () => {
  const order = async () => ({
    ...ledger.reservation(await ledger.customer(100n), 100n),
    claim: aClaim,
  })

  test('that meets other writes is tried again, and held', async () => {
    const reservation = await order()
    const conflict = ['None', 'TransactionConflict']
    const store = contended([conflict, conflict, ['ThrottlingError', 'None']])
    expect(await store.reserve(reservation)).toMatchObject({ kind: 'held' })
    expect(await ledger.books(reservation.accountId)).toMatchObject({ held: 100n })
  })

  test('that meets other writes again and again is unknown, for the ledger to go on', async () => {
    const reservation = await order()
    const store = contended(Array(8).fill(['None', 'TransactionConflict']))
    expect(await store.reserve(reservation)).toEqual({ kind: 'unknown' })
    expect(await store.reserve(reservation)).toMatchObject({ kind: 'held' })
  })

  test('that finds its own claim and cannot see the wallet is unknown, not refused', async () => {
    const reservation = await order()
    const claimOf = (holdId: string): Reason => ({
      Code: 'ConditionalCheckFailed',
      Item: { fingerprint: { S: 'body' }, holdId: { S: holdId } },
    })
    const store = contended([
      [claimOf(reservation.holdId), 'TransactionConflict'],
      [claimOf(reservation.holdId), 'None'],
      [claimOf('another'), 'TransactionConflict'],
    ])
    const refusedBy = (holdId: string) => ({
      kind: 'refused',
      wallet: undefined,
      claim: { fingerprint: 'body', holdId },
    })
    expect(await store.reserve(reservation)).toEqual({ kind: 'unknown' })
    expect(await store.reserve(reservation)).toEqual(refusedBy(reservation.holdId))
    expect(await store.reserve(reservation)).toEqual(refusedBy('another'))
  })

  test('cancelled for a bug of ours throws', async () => {
    const store = contended([['ValidationError', 'None']])
    await expect(store.reserve(await order())).rejects.toMatchObject({
      name: 'TransactionCanceledException',
    })
  })

  test.each([
    ['has expired to the second', { nowSec: 2_000 }, 'held'],
    ['expires in a second', { nowSec: 1_999 }, 'refused'],
    ['names the hold that it replaces', { replaces: 'own' }, 'held'],
    ['names another hold than it replaces', { replaces: 'another' }, 'refused'],
  ])('where the one that stands %s is %s', async (_, changes, kind) => {
    const first = await order()
    await ledger.holds.reserve(first)
    await ledger.holds.settle({ ...first, charge: 0n, returns: [] })
    const replaces = 'replaces' in changes && changes.replaces === 'own' ? first.holdId : 'another'
    const claim = { ...aClaim, ...changes, ...('replaces' in changes ? { replaces } : {}) }
    const second = { ...ledger.reservation(first.accountId, 100n), claim }
    expect(await ledger.holds.reserve(second)).toMatchObject({ kind })
  })

  test('tells the claim only where that is what stood in its way', async () => {
    const first = await order()
    await ledger.holds.reserve(first)
    const stored = { fingerprint: 'body', holdId: first.holdId }
    const second = { ...ledger.reservation(first.accountId, 100n), claim: aClaim }
    expect(await ledger.holds.reserve(second)).toEqual({
      kind: 'refused',
      wallet: expect.objectContaining({ available: 0n }),
      claim: stored,
    })
    const free = { ...second, claim: { ...aClaim, claimHash: 'another key' } }
    expect(await ledger.holds.reserve(free)).toEqual({
      kind: 'refused',
      wallet: expect.objectContaining({ available: 0n }),
      claim: undefined,
    })
    const small = { ...ledger.reservation(first.accountId, 0n), claim: aClaim }
    expect(await ledger.holds.reserve(small)).toEqual({
      kind: 'refused',
      wallet: undefined,
      claim: stored,
    })
    const nowhere = { ...second, accountId: anAccountId(), claim: free.claim }
    expect(await ledger.holds.reserve(nowhere)).toEqual({
      kind: 'refused',
      wallet: undefined,
      claim: undefined,
    })
  })
})

describe('a database that cannot be reached', () => {
  test('leaves every write unknown, and none refused', async () => {
    const post = () => Promise.reject(lost)
    const store = makeHoldStore(connected({ post, close: () => undefined }))
    const order = ledger.reservation(await ledger.customer(100n), 100n)
    expect(await store.reserve(order)).toEqual({ kind: 'unknown' })
    expect(await store.reserve({ ...order, claim: aClaim })).toEqual({ kind: 'unknown' })
    expect(await store.decide(charging(order, 40n))).toEqual({ kind: 'unknown' })
    const settlement = { ...order, charge: 40n, returns: [] }
    expect(await store.settle(settlement)).toEqual({ kind: 'unknown' })
  })

  test('is told from a bug of ours, which throws', async () => {
    const store = makeHoldStore({
      ...ledger.database,
      tables: { ...ledger.database.tables, balances: 'no-such-table' },
    })
    const order = ledger.reservation(await ledger.customer(100n), 100n)
    await expect(store.reserve(order)).rejects.toThrow()
    await expect(store.reserve({ ...order, claim: aClaim })).rejects.toThrow()
  })
})
