import { beforeEach, describe, expect, test } from 'vitest'
import type { Posting, PostOutcome } from '../../src/ledger/journal-ports.ts'
import { claimLate, type LateClaimDeps, type VerifiedClaim } from '../../src/ledger/late-claim.ts'
import { node, openMemoryLedger, otherNode, type QuickLedger } from './open-memory-ledger.ts'

const usd = 1_000_000_000n
const dayMs = 24 * 60 * 60_000
/** A token costs one nano-USD, a cached one nothing, a completed one two. */
const price = {
  promptNanoUsdPerMTok: 1_000_000n,
  cachedPromptNanoUsdPerMTok: 0n,
  completionNanoUsdPerMTok: 2_000_000n,
  hostShareBps: 8_500,
}

const byUnit = { ...price, unitNanoUsd: 100n }
const units = (count: number) => ({ prompt: 0, cached_prompt: 0, completion: 0, units: count })

let ledger: QuickLedger
let accountId: string
let holdId: string
beforeEach(async () => {
  ledger = openMemoryLedger()
  accountId = await ledger.customer(100n * usd)
  holdId = await ledger.expired(accountId, 1_000n)
})

const verified = (change: Partial<VerifiedClaim> = {}): VerifiedClaim => ({
  ticketHash: `ticket of ${holdId}`,
  nodeId: node,
  holdId,
  maxTokens: 50,
  choices: 2,
  price,
  usage: { prompt: 200, cached_prompt: 100, completion: 50 },
  ...change,
})
const claim = (change: Partial<VerifiedClaim> = {}, deps: Partial<LateClaimDeps> = {}) =>
  claimLate({ ...ledger.claiming, ...deps }, verified(change))

/** Of another lost request of 10 USD, as its host asks for it. */
async function claimAnother(change: Partial<VerifiedClaim> & { of?: string; due?: bigint } = {}) {
  const { of = accountId, due = 1n, ...rest } = change
  const other = await ledger.expired(of, 10n * usd)
  const one = { ...price, promptNanoUsdPerMTok: due * 1_000_000n, hostShareBps: 10_000 }
  return claim({
    holdId: other,
    ticketHash: `ticket of ${other}`,
    price: one,
    usage: { prompt: 1, cached_prompt: 0, completion: 0 },
    ...rest,
  })
}

describe('a late claim', () => {
  test('is escrowed at our cost; the customer pays nothing', async () => {
    const before = await ledger.wallet(accountId)
    const [claimedAtMs, amount] = [ledger.nowMs(), 170n]
    const escrowed = {
      ticketHash: `ticket of ${holdId}`,
      nodeId: node,
      accountId,
      holdId,
      amount,
      claimedAtMs,
      payableAtMs: claimedAtMs + 7 * dayMs,
      state: 'escrowed',
    }
    expect(await claim()).toEqual({ kind: 'escrowed', claim: escrowed })
    expect(await ledger.wallet(accountId)).toEqual(before)
    expect(await ledger.earnings()).toMatchObject({ escrowed: 170n, payable: 0n, accrued: 0n })
    expect(ledger.entries().at(-1)).toMatchObject({
      kind: 'late_claim',
      by: node,
      about: `${accountId} ${holdId}`,
      reference: `late claim ${holdId}`,
      legs: [
        { account: { kind: 'shortfall' }, amount: -170n },
        { account: { kind: 'escrow', owner: node }, amount: 170n },
      ],
    })
  })

  test.each<[string, Partial<VerifiedClaim>, bigint]>([
    ['all that was used', {}, 170n],
    ['no more completion than the ticket allowed', { maxTokens: 10, choices: 2 }, 119n],
    [
      'no more than what was held',
      { usage: { prompt: 2_000, cached_prompt: 0, completion: 0 } },
      850n,
    ],
    ['exactly what was held', { usage: { prompt: 1_000, cached_prompt: 0, completion: 0 } }, 850n],
    ['for every unit', { usage: units(3), price: byUnit }, 255n],
    ['for no more units than were held', { usage: units(30), price: byUnit }, 850n],
    ['the host its share, rounded down', { price: { ...price, hostShareBps: 3_333 } }, 66n],
  ])('pays %s', async (_, change, amount) => {
    expect(await claim(change)).toMatchObject({ kind: 'escrowed', claim: { amount } })
  })

  test('is accepted once, and again says what it said', async () => {
    const first = await claim()
    ledger.moveClock(dayMs)
    expect(await claim({ usage: null })).toEqual(first)
    expect(await ledger.earnings()).toMatchObject({ escrowed: 170n })
  })

  test.each<[string, Partial<VerifiedClaim>, string]>([
    ['of a hold that is not known', { holdId: 'hold of nobody' }, 'unknown_hold'],
    ['without usage', { usage: null }, 'no_usage'],
    ['at no price', { price: undefined }, 'no_price'],
    ['of nothing', { usage: { prompt: 0, cached_prompt: 0, completion: 0 } }, 'nothing_due'],
    ['whose share is below one', { price: { ...price, hostShareBps: 49 } }, 'nothing_due'],
    ['at a share of nothing', { price: { ...price, hostShareBps: 0 } }, 'nothing_due'],
  ])('%s is refused', async (_, change, reason) => {
    const entries = ledger.entries().length
    expect(await claim(change)).toEqual({ kind: 'refused', reason })
    expect(ledger.entries()).toHaveLength(entries)
  })

  test('of a hold that was charged is refused, wherever its decision is found', async () => {
    const charged = await ledger.charged(accountId, { charge: 5n })
    const at = { holdId: charged.holdId }
    expect(await claim(at)).toEqual({ kind: 'refused', reason: 'unknown_hold' })
    const found = { findExpired: async () => charged }
    expect(await claim(at, found)).toEqual({ kind: 'refused', reason: 'not_expired' })
  })

  test('of a hold whose amount cannot be read is worth nothing', async () => {
    const decision = await ledger.memory.receipts.findExpired(holdId)
    if (!decision) throw new Error('the hold has expired')
    const { receipt } = decision
    const altered = { ...receipt, private: { ...receipt.private, hold_usd: '' } }
    const found = { findExpired: async () => ({ ...decision, receipt: altered }) }
    expect(await claim({}, found)).toEqual({ kind: 'refused', reason: 'nothing_due' })
  })

  test("for its own owner's traffic is refused", async () => {
    ledger.own(accountId, node)
    expect(await claim()).toEqual({ kind: 'refused', reason: 'own_traffic' })
    expect(await claim({ nodeId: otherNode })).toMatchObject({ kind: 'escrowed' })
  })

  test('of a second host for the same hold comes too late', async () => {
    await claim()
    const second = { ticketHash: 'second ticket', nodeId: otherNode }
    expect(await claim(second)).toEqual({ kind: 'refused', reason: 'already_claimed' })
    expect(await ledger.earnings(otherNode)).toBeUndefined()
  })
})

describe('two claims at the same time', () => {
  test('by the same ticket are one, and both are told of it', async () => {
    const [one, other] = await Promise.all([claim(), claim()])
    expect(one).toEqual(other)
    expect(one).toMatchObject({ kind: 'escrowed' })
    expect(await ledger.earnings()).toMatchObject({ escrowed: 170n })
  })

  test('by two hosts pay one of them', async () => {
    const second = { ticketHash: 'second ticket', nodeId: otherNode }
    const answers = await Promise.all([claim(), claim(second)])
    expect(answers).toMatchObject([
      { kind: 'escrowed' },
      { kind: 'refused', reason: 'already_claimed' },
    ])
  })

  test.each<[string, (posting: Posting) => PostOutcome]>([
    ['the node', () => ({ kind: 'refused', by: 'earnings' })],
    [
      'the ticket',
      ({ guards }) => {
        const [by] = guards
        return by ? { kind: 'refused', by } : { kind: 'posted' }
      },
    ],
  ])('of which %s let only one pass suspend nobody', async (_, answer) => {
    const journal = { ...ledger.claiming.journal, post: async (one: Posting) => answer(one) }
    expect(await claim({}, { journal })).toEqual({ kind: 'refused', reason: 'already_claimed' })
    expect(ledger.suspendedNodes).toEqual([])
    expect(await ledger.wallet(accountId)).toMatchObject({ status: 'active' })
  })
})

describe('within a day', () => {
  const kinds = async (count: number, next: (index: number) => ReturnType<typeof claim>) => {
    const answers: string[] = []
    for (let index = 0; index < count; index += 1) {
      const answer = await next(index)
      answers.push(answer.kind === 'refused' ? answer.reason : answer.kind)
    }
    return answers
  }
  const [accepted, reviewed] = ['escrowed', 'under_review']

  test('a node may claim three times; then it is suspended', async () => {
    const customers = [1, 2, 3, 4].map(() => ledger.customer(100n * usd))
    const of = await Promise.all(customers)
    const answers = await kinds(4, (index) => claimAnother({ of: of[index] ?? '' }))
    expect(answers).toEqual([accepted, accepted, accepted, reviewed])
    expect(ledger.suspendedNodes).toEqual([node])
    expect(await ledger.wallet(of[3] ?? '')).toMatchObject({ status: 'active' })
  })

  test('an account may be claimed from three times; then it is suspended', async () => {
    const from = [node, otherNode, node, otherNode]
    const answers = await kinds(4, (index) => claimAnother({ nodeId: from[index] ?? '' }))
    expect(answers).toEqual([accepted, accepted, accepted, reviewed])
    expect(ledger.suspendedNodes).toEqual([])
    expect(await ledger.wallet(accountId)).toMatchObject({ status: 'suspended' })
  })

  test('a node may claim 5 USD', async () => {
    const due = [3n * usd, 2n * usd, 1n]
    const answers = await kinds(3, (index) => claimAnother({ due: due[index] ?? 0n }))
    expect(answers).toEqual([accepted, accepted, reviewed])
    expect(await ledger.earnings()).toMatchObject({ escrowed: 5n * usd })
    expect(ledger.suspendedNodes).toEqual([node])
  })

  test('more than 5 USD at once is too much', async () => {
    expect(await claimAnother({ due: 5n * usd + 1n })).toMatchObject({ reason: reviewed })
    expect(ledger.suspendedNodes).toEqual([node])
  })

  test('an account may be claimed 20 USD from', async () => {
    const state = ledger.memory.state
    const day = new Date(ledger.nowMs()).toISOString().slice(0, 10)
    state.lateDays.set(`${accountId} ${day}`, { count: 2, amount: 16n * usd })
    expect(await claimAnother({ due: 4n * usd + 1n })).toMatchObject({ reason: reviewed })
    expect(await ledger.wallet(accountId)).toMatchObject({ status: 'suspended' })
    await ledger.memory.accounts.setStatus(accountId, 'active')
    expect(await claimAnother({ due: 4n * usd })).toMatchObject({ kind: accepted })
  })

  test('nothing of the day before counts', async () => {
    await kinds(3, () => claimAnother())
    ledger.moveClock(dayMs)
    expect(await claimAnother()).toMatchObject({ kind: accepted })
    expect(ledger.suspendedNodes).toEqual([])
  })
})

test('without an answer the host may ask again', async () => {
  const post = async () => ({ kind: 'unknown' }) as const
  const journal = { ...ledger.claiming.journal, post }
  expect(await claim({}, { journal })).toEqual({ kind: 'unavailable' })
  expect(await claim()).toMatchObject({ kind: 'escrowed' })
})
