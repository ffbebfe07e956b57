import { beforeEach, describe, expect, test } from 'vitest'
import { finishHold } from '../../src/ledger/finish.ts'
import type { HoldStore, Reservation, ReserveOutcome } from '../../src/ledger/ports.ts'
import { openHoldsMax, type ReserveOrder, reserve } from '../../src/ledger/reserve.ts'
import { decisionOf } from '../model/decisions.ts'
import { graceMs, leaseMs, type OrderTerms } from '../model/real-ledger.ts'
import { openMemoryLedger, type QuickLedger } from './open-memory-ledger.ts'

let ledger: QuickLedger
let accountId: string
beforeEach(async () => {
  ledger = openMemoryLedger()
  accountId = await ledger.customer(1_000n)
})

function order(change: Partial<OrderTerms> = {}): ReserveOrder {
  ledger.moveClock(1_000)
  return ledger.orderOf({ accountId, amount: 100n, ...change })
}
const take = (wanted: ReserveOrder, store: Partial<HoldStore> = {}) =>
  reserve({ ...ledger.reserving, store: { ...ledger.reserving.store, ...store } }, wanted)
const held = async (wanted: ReserveOrder) => {
  const answer = await take(wanted)
  if (answer.kind !== 'held') throw new Error(`it is not held: ${answer.kind}`)
  return answer.hold
}
const refused = (refusal: object): object => ({ kind: 'refused', refusal })
const claim = { claimHash: 'key', fingerprint: 'body' }

/** A store that answers in order; it ends with the real one. */
function answering(...answers: readonly ((reservation: Reservation) => ReserveOutcome)[]) {
  const asked: Reservation[] = []
  const store = {
    reserve: async (reservation: Reservation) => {
      asked.push(reservation)
      const answer = answers[asked.length - 1]
      return answer ? answer(reservation) : ledger.memory.holds.reserve(reservation)
    },
  }
  return { store, asked }
}

describe('what no counter could ever admit', () => {
  test.each([
    [{ spendPerDay: 99n }, 'spend_day'],
    [{ spendPerMonth: 99n }, 'spend_month'],
    [{ tokensPerMinute: 49 }, 'tpm'],
    [{ requestsPerMinute: 0 }, 'rpm'],
    [{ concurrency: 0 }, 'concurrency'],
  ])('for %o is refused without a write', async (caps, limit) => {
    const { store, asked } = answering()
    const answer = await take(order({ tokens: 50, caps }), store)
    expect(answer).toEqual(refused({ kind: 'counter', limit }))
    expect(asked).toEqual([])
  })

  test('is one more than the cap: the cap itself passes', async () => {
    const caps = { spendPerDay: 100n, tokensPerMinute: 50, requestsPerMinute: 1, concurrency: 1 }
    expect(await take(order({ tokens: 50, caps }))).toMatchObject({ kind: 'held' })
  })
})

describe('a refusal', () => {
  test('for an account that does not exist says so', async () => {
    const nobody = order({ accountId: 'acct_nobody' })
    expect(await take(nobody)).toEqual(refused({ kind: 'no_wallet' }))
  })

  test.each([
    [0, 'closed'],
    [1, 'held'],
  ])('for an id %i ms after the books were closed: %s', async (laterMs, expected) => {
    const wanted = order()
    const closedAtMs = ledger.timeOfId(wanted.holdId) - laterMs
    const closedBefore = laterMs === 0 ? wanted.holdId : `${ledger.ulid(closedAtMs)}`
    await ledger.memory.closing.closeBefore(accountId, closedBefore)
    const answer = await take(wanted)
    expect(answer.kind === 'refused' ? answer.refusal.kind : answer.kind).toBe(expected)
  })

  test('names the balance where the counters are full, but would do', async () => {
    const caps = { spendPerDay: 1_001n }
    await held(order({ amount: 1_000n, caps }))
    const answer = await take(order({ amount: 1n, caps }))
    expect(answer).toMatchObject(refused({ kind: 'balance', available: 0n, held: 1_000n }))
  })

  test('names the counter where the balance is short as well', async () => {
    const caps = { spendPerDay: 1_000n }
    await held(order({ amount: 1_000n, caps }))
    const answer = await take(order({ amount: 1n, caps }))
    expect(answer).toMatchObject(refused({ kind: 'counter', limit: 'spend_day' }))
  })

  test('names the open holds where the balance would just do', async () => {
    for (let count = 0; count < openHoldsMax; count += 1) await held(order({ amount: 1n }))
    const rest = 1_000n - BigInt(openHoldsMax)
    expect(await take(order({ amount: rest }))).toEqual(refused({ kind: 'open_holds' }))
  })

  test('comes before any repair where a repair would not help', async () => {
    await ledger.memory.accounts.setStatus(accountId, 'suspended')
    const repaired: string[] = []
    const repair = async ({ accountId: id }: { accountId: string }) => {
      repaired.push(id)
      return true
    }
    await reserve({ ...ledger.reserving, repair }, order())
    expect(repaired).toEqual([])
  })
})

describe('expired holds of the own wallet', () => {
  const late = leaseMs + graceMs

  test.each<[string, Partial<OrderTerms>, number]>([
    ['balance', { amount: 1_000n }, 1],
    ['counters', { amount: 1n, caps: { concurrency: 1 } }, 1],
    ['places', { amount: 1n }, openHoldsMax],
  ])('make room where the %s were used up', async (_, terms, count) => {
    for (let index = 0; index < count; index += 1) await held(order(terms))
    const before = await take(order(terms))
    expect(before.kind).toBe('refused')
    ledger.moveClock(late)
    expect(await take(order(terms))).toMatchObject({ kind: 'held' })
  })

  test('that cannot be ended leave the first refusal', async () => {
    await held(order({ amount: 1_000n }))
    const answer = await take(order())
    expect(answer).toEqual(refused({ kind: 'balance', available: 0n, held: 1_000n }))
  })
})

describe('tries without an answer', () => {
  const unknown = () => ({ kind: 'unknown' }) as const

  test('have a nonce each, and end after a few', async () => {
    const { store, asked } = answering(unknown, unknown, unknown, unknown)
    expect(await take(order(), store)).toEqual({ kind: 'unavailable' })
    expect(new Set(asked.map(({ hold }) => hold.nonce)).size).toBe(4)
  })

  test('are recognised by the nonce of whichever came through', async () => {
    const through = (reservation: Reservation): ReserveOutcome => {
      void ledger.memory.holds.reserve(reservation)
      return { kind: 'unknown' }
    }
    const { store, asked } = answering(unknown, through, unknown)
    const answer = await take(order(), store)
    expect(answer).toEqual({ kind: 'held', hold: asked[1]?.hold })
  })

  test('whose claim is taken and whose hold is gone are not taken for refused', async () => {
    const wanted = order({ claim })
    const own = { fingerprint: 'body', holdId: wanted.holdId }
    const gone = (): ReserveOutcome => ({ kind: 'refused', wallet: undefined, claim: own })
    const { store } = answering(unknown, gone)
    expect(await take(wanted, store)).toEqual({ kind: 'unavailable' })
  })
})

describe('an idempotency key', () => {
  async function ended(charge: bigint): Promise<ReserveOrder> {
    const first = order({ claim })
    const hold = await held(first)
    const status = charge > 0n ? 'completed' : 'failed'
    const decision = decisionOf({ accountId, holdId: first.holdId, hold, charge, status })
    await finishHold(ledger.finishing, hold, decision)
    return first
  }

  test('whose attempt runs, is done, or is for another body refuses the next one', async () => {
    const first = order({ claim })
    await held(first)
    const running = refused({ kind: 'claim_running', holdId: first.holdId })
    expect(await take(order({ claim }))).toEqual(running)
    const other = { ...claim, fingerprint: 'another body' }
    expect(await take(order({ claim: other }))).toEqual(refused({ kind: 'claim_reused' }))
  })

  test('whose attempt was charged names its receipt', async () => {
    const { holdId } = await ended(5n)
    const decision = await ledger.memory.holds.readDecision(accountId, holdId)
    const receiptHash = decision?.receipt.receipt_hash
    const done = refused({ kind: 'claim_completed', holdId, receiptHash })
    expect(await take(order({ claim }))).toEqual(done)
  })

  test('that is free again is taken over from the attempt that freed it', async () => {
    const { holdId } = await ended(0n)
    const { store, asked } = answering()
    expect(await take(order({ claim }), store)).toMatchObject({ kind: 'held' })
    expect(asked.map((one) => one.claim?.replaces)).toEqual([undefined, holdId])
  })

  test('that somebody else takes over first refuses as one that runs', async () => {
    const { holdId } = await ended(0n)
    const standing = (by: string) => (): ReserveOutcome => ({
      kind: 'refused',
      wallet: undefined,
      claim: { fingerprint: 'body', holdId: by },
    })
    const { store } = answering(standing(holdId), standing('hold of a rival'))
    const running = refused({ kind: 'claim_running', holdId: 'hold of a rival' })
    expect(await take(order({ claim }), store)).toEqual(running)
  })

  test('that is free again does not help where the balance is short', async () => {
    await ended(0n)
    const poor = order({ claim, amount: 1_001n })
    expect(await take(poor)).toEqual(refused({ kind: 'balance', available: 1_000n, held: 0n }))
    // Nothing was taken over: the next attempt still can.
    expect(await take(order({ claim }))).toMatchObject({ kind: 'held' })
  })

  test('is free after a day, to the second', async () => {
    await ended(5n)
    ledger.moveClock(24 * 60 * 60_000 - 2_000)
    expect(await take(order({ claim }))).toMatchObject({ kind: 'refused' })
    expect(await take(order({ claim }))).toMatchObject({ kind: 'held' })
  })
})
