import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { firstIdAt } from '../../src/adapters/system.ts'
import { finishHold } from '../../src/ledger/finish.ts'
import type { Decision, Reservation } from '../../src/ledger/ports.ts'
import { reserve } from '../../src/ledger/reserve.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../support/embedded-dynamodb.ts'
import {
  billedTokens,
  charging,
  failing,
  type Ledger,
  type Limits,
  minuteMs,
  openLedger,
} from './open-ledger.ts'

let engine: EmbeddedDynamodb
let ledger: Ledger
let accountId: string
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
})
beforeEach(async () => {
  ledger = await openLedger(engine)
  accountId = await ledger.customer(10_000n)
})
afterAll(() => engine.stop())

const take = (limits: Limits) => ledger.take(ledger.reservation(accountId, 100n, limits))
const finish = (order: Reservation, decision: Decision) =>
  finishHold(ledger.finishing, order.hold, decision)
const expiring = ({ holdId, hold }: Reservation) => ledger.sweeping.expire(accountId, holdId, hold)
const counters = () => ledger.counters(accountId)
const tryTo = (limits: Limits) =>
  reserve(ledger.reserving, ledger.reservation(accountId, 100n, limits))
const refusedBy = (limit: string) => ({
  kind: 'refused',
  refusal: { kind: 'counter', limit },
})

const everyLimit = {
  spendPerDay: 900n,
  spendPerMonth: 900n,
  requestsPerMinute: 9,
  tokensPerMinute: 9_000,
  concurrency: 3,
  tokens: 700,
}

describe('tokens per minute', () => {
  const caps = { tokensPerMinute: 1_000, tokens: 700 }
  const minute = 'tm#1#202611210510'

  test('count what a request may use at most, and after its end what was billed', async () => {
    const order = await take(caps)
    expect(await counters()).toEqual({ [minute]: 700n })
    await finish(order, charging(order, 40n))
    expect(await counters()).toEqual({ [minute]: BigInt(billedTokens) })
  })

  test.each([
    ['failed', failing],
    ['expired', expiring],
  ])('are not used by a request that %s', async (_, decide) => {
    const order = await take(caps)
    await finish(order, decide(order))
    expect(await counters()).toEqual({ [minute]: 0n })
  })

  test('have room again for what came back, to the last token', async () => {
    const order = await take(caps)
    await finish(order, charging(order, 40n))
    const left = 1_000 - billedTokens
    expect(await tryTo({ ...caps, tokens: left + 1 })).toMatchObject(refusedBy('tpm'))
    expect(await tryTo({ ...caps, tokens: left })).toMatchObject({ kind: 'held' })
  })

  test('billed above what was counted take nothing more: the window was the bound', async () => {
    const order = await take({ ...caps, tokens: 100 })
    await finish(order, charging(order, 40n))
    expect(await counters()).toEqual({ [minute]: 100n })
  })

  test('of a request that crosses the minute are those of its start', async () => {
    ledger.moveClock(minuteMs - 1)
    const order = await take(caps)
    ledger.moveClock(1)
    await take(caps)
    await finish(order, charging(order, 40n))
    expect(await counters()).toEqual({ [minute]: BigInt(billedTokens), 'tm#1#202611210511': 700n })
  })

  test.each([
    ['as long as a slow clock may be in their minute', 2 * minuteMs - 1, BigInt(billedTokens)],
    ['and no longer', 2 * minuteMs, 700n],
  ])('come back %s', async (_, laterMs, counted) => {
    const order = await take(caps)
    ledger.moveClock(laterMs)
    await finish(order, charging(order, 40n))
    expect(await counters()).toEqual({ [minute]: counted })
  })
})

describe('running requests', () => {
  const caps = { concurrency: 1 }

  test.each([
    ['charged', (order: Reservation) => charging(order, 40n)],
    ['failed', failing],
    ['expired', expiring],
  ])('are one less when one is %s', async (_, decide) => {
    const order = await take(caps)
    expect(await tryTo(caps)).toMatchObject(refusedBy('concurrency'))
    await finish(order, decide(order))
    expect(await counters()).toEqual({ 'cc#1': 0n })
    expect(await tryTo(caps)).toMatchObject({ kind: 'held' })
  })

  test('are one less, once, however often the end is applied', async () => {
    const [order] = [await take({ concurrency: 3 }), await take({ concurrency: 3 })]
    await Promise.all([1, 2, 3].map(() => finish(order, charging(order, 40n))))
    expect(await counters()).toEqual({ 'cc#1': 1n })
  })

  test('stay counted over midnight and month', async () => {
    ledger.moveClock(Date.UTC(2026, 10, 30, 23, 59, 59) - ledger.nowMs())
    const order = await take(caps)
    ledger.moveClock(2_000)
    expect(await tryTo(caps)).toMatchObject(refusedBy('concurrency'))
    await finish(order, charging(order, 40n))
    expect(await tryTo(caps)).toMatchObject({ kind: 'held' })
  })
})

describe('a settlement', () => {
  test.each([
    ['the day', ['sd#1#20261121']],
    ['the month', ['sm#1#202611']],
    ['the minutes', ['rm#1#202611210510', 'tm#1#202611210510']],
    ['running requests', ['cc#1']],
    [
      'everything',
      ['sd#1#20261121', 'sm#1#202611', 'rm#1#202611210510', 'tm#1#202611210510', 'cc#1'],
    ],
  ])('goes through when the counters of %s are gone; they end at 0', async (_, gone) => {
    const order = await take(everyLimit)
    await ledger.sweeps.dropCounters({ accountId, names: gone, closedBefore: firstIdAt(0) })
    const finished = await finish(order, charging(order, 40n))
    expect(finished).toMatchObject({ kind: 'finished', isSettled: true })
    expect(await ledger.books(accountId)).toEqual({ available: 9_960n, held: 0n, spent: 40n })
    const after = await counters()
    for (const name of gone) expect([undefined, 0n]).toContain(after[name])
  })

  test('over midnight gives back to the day that was charged', async () => {
    ledger.moveClock(Date.UTC(2026, 10, 30, 23, 59, 59) - ledger.nowMs())
    const order = await take(everyLimit)
    ledger.moveClock(2_000)
    const next = await take(everyLimit)
    await finish(order, charging(order, 40n))
    await finish(next, charging(next, 30n))
    const billed = BigInt(billedTokens)
    expect(await counters()).toEqual({
      'sd#1#20261130': 40n,
      'sm#1#202611': 40n,
      'rm#1#202611302359': 1n,
      'tm#1#202611302359': billed,
      'sd#1#20261201': 30n,
      'sm#1#202612': 30n,
      'rm#1#202612010000': 1n,
      'tm#1#202612010000': billed,
      'cc#1': 0n,
    })
  })
})

describe('two gateways whose clocks are 60 s off, one fast and one slow', () => {
  const caps = { ...everyLimit, requestsPerMinute: 2, tokensPerMinute: 1_400 }
  const [slow, fast] = [-minuteMs, minuteMs]
  const at = async <T>(errorMs: number, act: () => Promise<T>): Promise<T> => {
    ledger.moveClock(errorMs)
    const result = await act()
    ledger.moveClock(-errorMs)
    return result
  }

  test('keep each minute within its caps: neither removes what the other counts on', async () => {
    await at(slow, () => take(caps))
    await at(slow, () => take(caps))
    await at(fast, () => take({ ...caps, concurrency: 9 }))
    const full = await at(slow, () => tryTo({ ...caps, concurrency: 9 }))
    expect(full).toMatchObject(refusedBy('rpm'))
    expect(await counters()).toMatchObject({
      'rm#1#202611210509': 2n,
      'rm#1#202611210511': 1n,
      'cc#1': 3n,
    })
  })

  test('share one cap of running requests and of the day', async () => {
    for (const error of [slow, fast, slow]) await at(error, () => take(caps))
    expect(await at(fast, () => tryTo(caps))).toMatchObject(refusedBy('concurrency'))
    expect(await counters()).toMatchObject({ 'sd#1#20261121': 300n })
  })

  test('end what was taken by their own clock, also when the fast one cleaned up', async () => {
    const order = await at(slow, () => take(caps))
    ledger.moveClock(2 * minuteMs)
    await at(fast, () => take(caps))
    const finished = await at(slow, () => finish(order, charging(order, 40n)))
    expect(finished).toMatchObject({ isSettled: true })
    expect(await counters()).toMatchObject({ 'sd#1#20261121': 140n, 'cc#1': 1n })
  })

  test('around midnight count each its own day', async () => {
    ledger.moveClock(Date.UTC(2026, 10, 21, 23, 59, 30) - ledger.nowMs())
    const order = await at(fast, () => take(caps))
    await at(slow, () => take(caps))
    expect(await counters()).toMatchObject({ 'sd#1#20261122': 100n, 'sd#1#20261121': 100n })
    await at(slow, () => finish(order, charging(order, 40n)))
    expect(await counters()).toMatchObject({ 'sd#1#20261122': 40n, 'sd#1#20261121': 100n })
  })
})
