import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type ReserveRefusal, reserve } from '../../src/ledger/reserve.ts'
import { repairWallet } from '../../src/ledger/sweep.ts'
import type { Wallet } from '../../src/ledger/wallet.ts'
import { limits } from '../../src/protocol/limits.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../support/embedded-dynamodb.ts'
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

const refused = (refusal: ReserveRefusal) => ({ kind: 'refused', refusal })

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
    expect(await reserve(ledger.reserving, order)).toMatchObject({ kind: 'held' })
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
    expect(await reserve(ledger.reserving, order)).toMatchObject({ kind: 'held' })
    expect(await ledger.books(accountId)).toEqual({ available: 999n, held: 1n, spent: 0n })
  })

  test('that a gateway had decided keeps its charge', async () => {
    const accountId = await ledger.customer(1_000n)
    const lost = await ledger.take(ledger.reservation(accountId, 800n))
    await ledger.holds.decide(charging(lost, 150n))
    ledger.moveClock(leaseMs + graceMs)
    const refusal = { kind: 'balance', available: 850n, held: 0n } as const
    const tooMuch = ledger.reservation(accountId, 900n)
    expect(await reserve(ledger.reserving, tooMuch)).toMatchObject(refused(refusal))
    const order = ledger.reservation(accountId, 850n)
    expect(await reserve(ledger.reserving, order)).toMatchObject({ kind: 'held' })
    expect(await ledger.books(accountId)).toEqual({ available: 0n, held: 850n, spent: 150n })
  })

  test.each([61_000, -61_000])('is refused while our clock is %i ms off', async (byMs) => {
    const accountId = await ledger.customer(1_000n)
    const lost = await ledger.take(ledger.reservation(accountId, 800n))
    ledger.moveClock(leaseMs + graceMs)
    const serverTimeMs = async () => ledger.nowMs() + byMs
    const sweeping = {
      ...ledger.sweeping,
      sweepStore: { ...ledger.sweeping.sweepStore, serverTimeMs },
    }
    const repair = (wallet: Wallet) => repairWallet(sweeping, wallet)
    const order = ledger.reservation(accountId, 900n)
    expect(await reserve({ ...ledger.reserving, repair }, order)).toEqual(
      refused({ kind: 'balance', available: 200n, held: 800n }),
    )
    expect(await ledger.receipts.readReceipt(accountId, lost.holdId)).toBeUndefined()
  })

  test('asks the database for its clock only when a hold is due', async () => {
    const accountId = await ledger.customer(1_000n)
    await ledger.take(ledger.reservation(accountId, 800n))
    let asked = 0
    const serverTimeMs = async () => {
      asked += 1
      return ledger.nowMs()
    }
    const sweepStore = { ...ledger.sweeping.sweepStore, serverTimeMs }
    const wallet = await ledger.sweeps.readWallet(accountId)
    if (!wallet) throw new Error('there is a wallet')
    const repair = () => repairWallet({ ...ledger.sweeping, sweepStore }, wallet)
    expect([await repair(), asked]).toEqual([false, 0])
    ledger.moveClock(leaseMs + graceMs)
    expect([await repair(), asked]).toEqual([true, 1])
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
