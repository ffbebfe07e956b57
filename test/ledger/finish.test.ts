import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { firstIdAt } from '../../src/adapters/system.ts'
import { applyDecision, finishHold } from '../../src/ledger/finish.ts'
import type { Decision, Reservation } from '../../src/ledger/ports.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../support/embedded-dynamodb.ts'
import { type Fate, losing } from './lost-replies.ts'
import { charging, type Ledger, type Limits, openLedger } from './open-ledger.ts'

let engine: EmbeddedDynamodb
let ledger: Ledger
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
})
beforeEach(async () => {
  ledger = await openLedger(engine)
})
afterAll(() => engine.stop())

/** A customer with 1000 nano-USD, 100 of them held. */
async function held(caps: Limits = {}): Promise<Reservation> {
  const order = ledger.reservation(await ledger.customer(1_000n), 100n, caps)
  expect(await ledger.holds.reserve(order)).toMatchObject({ kind: 'held' })
  return order
}

/** Each call is another sweeper, so another receipt. */
const expiring = ({ accountId, holdId, hold }: Reservation): Decision =>
  ledger.sweeping.expire(accountId, holdId, hold)

const finish = (order: Reservation, intended: Decision, store = ledger.holds) =>
  finishHold({ ...ledger.finishing, store }, order.hold, intended)

const storedDecision = ({ accountId, holdId }: Reservation) =>
  ledger.receipts.readReceipt(accountId, holdId)

describe('every way to end a hold, in every state of it', () => {
  const steps = {
    nothing: async () => undefined,
    'gateway decided': (order: Reservation) => ledger.holds.decide(charging(order, 40n)),
    'sweeper decided': (order: Reservation) => ledger.holds.decide(expiring(order)),
    'gateway settled': (order: Reservation) => finish(order, charging(order, 40n)),
    'sweeper released': (order: Reservation) => finish(order, expiring(order)),
  }
  const commands = {
    'the gateway charges 40': (order: Reservation) => charging(order, 40n),
    'another gateway charges 60': (order: Reservation) => charging(order, 60n),
    'the sweeper expires': expiring,
  }

  test.each<[keyof typeof steps, keyof typeof commands, bigint, boolean]>([
    // After this, when…, so much stands, and whether it is the caller's own decision.
    ['nothing', 'the gateway charges 40', 40n, true],
    ['nothing', 'another gateway charges 60', 60n, true],
    ['nothing', 'the sweeper expires', 0n, true],
    ['gateway decided', 'the gateway charges 40', 40n, true],
    ['gateway decided', 'another gateway charges 60', 40n, false],
    ['gateway decided', 'the sweeper expires', 40n, false],
    ['sweeper decided', 'the gateway charges 40', 0n, false],
    ['sweeper decided', 'another gateway charges 60', 0n, false],
    ['sweeper decided', 'the sweeper expires', 0n, false],
    ['gateway settled', 'the gateway charges 40', 40n, true],
    ['gateway settled', 'another gateway charges 60', 40n, false],
    ['gateway settled', 'the sweeper expires', 40n, false],
    ['sweeper released', 'the gateway charges 40', 0n, false],
    ['sweeper released', 'another gateway charges 60', 0n, false],
    ['sweeper released', 'the sweeper expires', 0n, false],
  ])('%s; %s: %s stands, own: %s', async (before, command, charge, wasFirst) => {
    const order = await held()
    await steps[before](order)
    await ledger.books(order.accountId)
    const intended = commands[command](order)
    const finished = await finish(order, intended)
    expect(finished).toMatchObject({ kind: 'finished', wasFirst, decision: { charge } })
    // What the caller was told is what is stored, and what the money did.
    if (finished.kind !== 'finished') throw new Error('the hold is finished')
    expect(await storedDecision(order)).toEqual(finished.decision)
    expect(finished.decision.receipt.receipt_hash === intended.receipt.receipt_hash).toBe(wasFirst)
    expect(await ledger.books(order.accountId)).toEqual({
      available: 1_000n - charge,
      held: 0n,
      spent: charge,
    })
  })
})

describe('a charge', () => {
  test.each([0n, 1n, 99n, 100n])('of %s out of a hold of 100 returns the rest', async (charge) => {
    const order = await held()
    await finish(order, charging(order, charge))
    const available = 1_000n - charge
    expect(await ledger.books(order.accountId)).toEqual({ available, held: 0n, spent: charge })
  })

  test.each([-1n, 101n])(
    'of %s out of a hold of 100 is a bug and writes nothing',
    async (charge) => {
      const order = await held()
      const decision = { ...charging(order, 0n), charge }
      await expect(finish(order, decision)).rejects.toThrow('S6')
      expect(await storedDecision(order)).toBeUndefined()
      expect(await ledger.books(order.accountId)).toMatchObject({ held: 100n })
    },
  )

  test('above the hold that stands as its decision is never applied', async () => {
    const order = await held()
    await ledger.holds.decide(charging(order, 101n))
    await expect(finish(order, charging(order, 40n))).rejects.toThrow('S6')
    const wallet = await ledger.sweeps.readWallet(order.accountId)
    expect(wallet).toMatchObject({ available: 900n, held: 100n, spent: 0n })
  })

  test('settles on a wallet whose books were closed meanwhile', async () => {
    const order = await held()
    await ledger.alterWallet(order.accountId, 'closedBefore', `${order.holdId}~`)
    await finish(order, charging(order, 40n))
    expect(await ledger.books(order.accountId)).toMatchObject({ held: 0n, spent: 40n })
  })

  test('settles on a wallet that was suspended meanwhile', async () => {
    const order = await held()
    await ledger.alterWallet(order.accountId, 'status', 'suspended')
    await finish(order, charging(order, 40n))
    expect(await ledger.books(order.accountId)).toMatchObject({ held: 0n, spent: 40n })
  })

  test('leaves the other holds of its wallet and other customers alone', async () => {
    const [one, stranger] = [await held(), await held()]
    const other = ledger.reservation(one.accountId, 200n)
    await ledger.holds.reserve(other)
    await finish(one, charging(one, 40n))
    expect(await ledger.books(one.accountId)).toEqual({ available: 760n, held: 200n, spent: 40n })
    expect(await ledger.books(stranger.accountId)).toMatchObject({ held: 100n, spent: 0n })
  })
})

describe('a decision applied twice', () => {
  test('moves money once', async () => {
    const order = await held()
    const decision = charging(order, 40n)
    await ledger.holds.decide(decision)
    for (let time = 1; time <= 2; time += 1) {
      expect(await applyDecision(ledger.finishing, order.hold, decision)).toBe(true)
      expect(await ledger.books(order.accountId)).toMatchObject({ available: 960n, spent: 40n })
    }
  })

  test('at the same time moves money once', async () => {
    const order = await held()
    const decision = charging(order, 40n)
    const gateways = Array.from({ length: 8 }, () => finish(order, decision))
    const finished = await Promise.all(gateways)
    expect(finished.every((one) => one.kind === 'finished' && one.wasFirst)).toBe(true)
    expect(await ledger.books(order.accountId)).toMatchObject({ available: 960n, spent: 40n })
  })

  test('by gateway and sweepers at the same time ends the hold once', async () => {
    const order = await held()
    const finished = await Promise.all(
      [charging(order, 40n), expiring(order), expiring(order), charging(order, 60n)].map(
        (intended) => finish(order, intended),
      ),
    )
    const stands = await storedDecision(order)
    const told = finished.map((one) => one.kind === 'finished' && one.decision)
    expect(told).toEqual(Array(4).fill(stands))
    expect(finished.filter((one) => one.kind === 'finished' && one.wasFirst)).toHaveLength(1)
    expect(await ledger.books(order.accountId)).toMatchObject({ held: 0n, spent: stands?.charge })
  })
})

describe('lost on the way', () => {
  test.each<[string, readonly Fate[], readonly Fate[]]>([
    ['the reply to the decision', ['reply lost'], []],
    ['two replies to the decision', ['reply lost', 'reply lost'], []],
    ['the decision itself', ['request lost'], []],
    ['the reply to the settlement', [], ['reply lost']],
    ['two replies to the settlement', [], ['reply lost', 'reply lost']],
    ['the settlement itself', [], ['request lost']],
    ['something of both', ['request lost', 'reply lost'], ['reply lost', 'request lost']],
  ])('%s: the charge stands, once, and is the own one', async (_, decide, settle) => {
    const order = await held()
    const store = losing(ledger.holds, { decide, settle })
    const finished = await finish(order, charging(order, 40n), store)
    expect(finished).toMatchObject({ kind: 'finished', wasFirst: true, decision: { charge: 40n } })
    expect(await ledger.books(order.accountId)).toEqual({ available: 960n, held: 0n, spent: 40n })
  })

  test.each<[string, { decide?: readonly Fate[]; settle?: readonly Fate[] }, bigint]>([
    ['every decision', { decide: Array(4).fill('request lost') }, 0n],
    ['every reply to the decision', { decide: Array(4).fill('reply lost') }, 40n],
  ])('%s: the gateway tells no outcome; the sweeper brings it about', async (_, fates, charge) => {
    const order = await held()
    const lossy = losing(ledger.holds, fates)
    expect(await finish(order, charging(order, 40n), lossy)).toEqual({ kind: 'unavailable' })
    expect(await ledger.books(order.accountId)).toMatchObject({ held: 100n, spent: 0n })
    const swept = await finish(order, expiring(order))
    expect(swept).toMatchObject({ kind: 'finished', decision: { charge } })
    expect(await ledger.books(order.accountId)).toMatchObject({ held: 0n, spent: charge })
  })

  test.each<[string, Fate, bigint]>([
    ['every settlement: the decision stands, and the sweeper moves the money', 'request lost', 0n],
    ['every reply to the settlement: the decision stands, the money has moved', 'reply lost', 40n],
  ])('%s', async (_, fate, spent) => {
    const order = await held()
    const store = losing(ledger.holds, { settle: Array(4).fill(fate) })
    const decision = { charge: 40n }
    const told = { kind: 'finished', wasFirst: true, isSettled: false, decision }
    expect(await finish(order, charging(order, 40n), store)).toMatchObject(told)
    expect(await ledger.books(order.accountId)).toMatchObject({ spent })
    expect(await finish(order, expiring(order))).toMatchObject({ decision, isSettled: true })
    expect(await ledger.books(order.accountId)).toEqual({ available: 960n, held: 0n, spent: 40n })
  })
})

describe('a spend counter', () => {
  const caps = { spendPerDay: 500n, spendPerMonth: 600n, requestsPerMinute: 5 }
  const [day, month, minute] = ['sd#1#20261121', 'sm#1#202611', 'rm#1#202611210510'] as const

  test('keeps what was charged and gets back the rest; a request stays counted', async () => {
    const order = await held(caps)
    expect(await ledger.counters(order.accountId)).toEqual({
      [day]: 100n,
      [month]: 100n,
      [minute]: 1n,
    })
    await finish(order, charging(order, 40n))
    expect(await ledger.counters(order.accountId)).toEqual({
      [day]: 40n,
      [month]: 40n,
      [minute]: 1n,
    })
  })

  test('gets back all of an expired hold', async () => {
    const order = await held(caps)
    await finish(order, expiring(order))
    expect(await ledger.counters(order.accountId)).toMatchObject({ [day]: 0n, [month]: 0n })
  })

  test('gets nothing back twice', async () => {
    const order = await held(caps)
    const kept = ledger.reservation(order.accountId, 300n, caps)
    await ledger.holds.reserve(kept)
    await finish(order, charging(order, 40n))
    await finish(order, charging(order, 40n))
    expect(await ledger.counters(order.accountId)).toMatchObject({ [day]: 340n, [month]: 340n })
  })

  test('that is no longer on the wallet ends at 0', async () => {
    const order = await held(caps)
    const { accountId } = order
    await ledger.sweeps.dropCounters({ accountId, names: [day], closedBefore: firstIdAt(0) })
    await finish(order, charging(order, 40n))
    expect(await ledger.counters(order.accountId)).toMatchObject({ [day]: 0n, [month]: 40n })
  })

  test('is that of the day on which the money was held, also when it comes back later', async () => {
    ledger.moveClock(Date.UTC(2026, 10, 30, 23, 59, 59) - ledger.nowMs())
    const late = await held(caps)
    ledger.moveClock(2_000)
    const early = ledger.reservation(late.accountId, 100n, caps)
    await ledger.holds.reserve(early)
    await finish(late, charging(late, 40n))
    expect(await ledger.counters(late.accountId)).toMatchObject({
      'sd#1#20261130': 40n,
      'sm#1#202611': 40n,
      'sd#1#20261201': 100n,
      'sm#1#202612': 100n,
    })
  })

  test('has room again for what came back, to the last nano-USD', async () => {
    const order = await held(caps)
    await finish(order, charging(order, 40n))
    const over = ledger.reservation(order.accountId, 461n, caps)
    expect(await ledger.holds.reserve(over)).toMatchObject({ kind: 'refused' })
    const rest = ledger.reservation(order.accountId, 460n, caps)
    expect(await ledger.holds.reserve(rest)).toMatchObject({ kind: 'held' })
  })
})

test('a hold under the same id with another nonce is not ours to settle', async () => {
  const order = await held()
  const stranger = { ...order.hold, nonce: 'another' }
  expect(await applyDecision(ledger.finishing, stranger, charging(order, 40n))).toBe(true)
  expect(await ledger.sweeps.readWallet(order.accountId)).toMatchObject({ held: 100n, spent: 0n })
})
