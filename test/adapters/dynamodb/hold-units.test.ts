import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { makeHoldStore } from '../../../src/adapters/dynamodb/hold-store.ts'
import { credit } from '../../../src/ledger/credit.ts'
import { finishHold } from '../../../src/ledger/finish.ts'
import type { Reservation } from '../../../src/ledger/ports.ts'
import { formatUsd } from '../../../src/money/nano-usd.ts'
import { type Ledger, type Limits, minuteMs, openLedger } from '../../ledger/open-ledger.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { metered, unitsOf } from '../../support/metered-database.ts'
import { usualReceipt } from '../../support/sized-receipts.ts'

let engine: EmbeddedDynamodb
let ledger: Ledger
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
})
beforeEach(async () => {
  ledger = await openLedger(engine)
})
afterAll(() => engine.stop())

/** The units of every write that is sent once. */
function measured() {
  const direct = ledger.connect()
  const { database, spent } = metered(direct)
  return { store: makeHoldStore({ ...direct, once: database.once }), spent }
}

describe('the write units of a paid request', () => {
  const caps: Limits = {
    spendPerDay: 10n ** 12n,
    spendPerMonth: 10n ** 13n,
    requestsPerMinute: 600,
    tokensPerMinute: 10_000_000,
    concurrency: 64,
    tokens: 131_072,
  }
  /** Amounts of ten digits: a few dollars. */
  const order = (accountId: string) => ledger.reservation(accountId, 1_234_567_891n, caps)

  const finish = async ({ accountId, holdId, hold }: Reservation, store = ledger.holds) => {
    const charge = 12_345n
    const own = { request_id: holdId, account_id: accountId, hold_usd: formatUsd(hold.amount) }
    const receipt = usualReceipt({ charge, ...own })
    const decision = { accountId, holdId, nonce: hold.nonce, charge, receipt }
    return finishHold({ ...ledger.finishing, store }, hold, decision)
  }

  /** A wallet with all that one can have: grants, closed books, the counters of past minutes. */
  async function wornWallet(openHolds: number): Promise<string> {
    const accountId = await ledger.customer(987_654_321_987n)
    const grant = {
      accountId,
      kind: 'grant',
      amount: 5_123_456_789n,
      reference: accountId,
    } as const
    await credit(ledger.posting, { ...grant, by: 'test' })
    for (let minute = 0; minute < 4; minute += 1) {
      await finish(await ledger.take(order(accountId)))
      ledger.moveClock(minuteMs)
    }
    const { holdId } = order(accountId)
    await ledger.alterWallet(accountId, 'closedBefore', holdId)
    ledger.moveClock(1)
    for (let open = 1; open < openHolds; open += 1) await ledger.take(order(accountId))
    return accountId
  }

  async function paidRequest(accountId: string) {
    const { store, spent } = measured()
    await finish(await ledger.take(order(accountId), store), store)
    const [reserved, decided, settled, ...more] = spent.map(({ units }) => units)
    expect(more).toEqual([])
    const all = unitsOf(spent)
    console.info(`write units: ${JSON.stringify({ reserved, decided, settled, all })}`)
    return all
  }

  test.each([
    [1, 6],
    [8, 6],
    [16, 8],
  ])('with %i open holds and all five limits are at most %i', async (openHolds, most) => {
    const accountId = await wornWallet(openHolds)
    expect(await paidRequest(accountId)).toBeLessThanOrEqual(most)
    expect((await ledger.sweeps.readWallet(accountId))?.holds.size).toBe(openHolds - 1)
  })

  test('are one more for the request that brings its wallet into the index', async () => {
    const accountId = await wornWallet(1)
    const usual = await paidRequest(accountId)
    const from = (await ledger.sweeps.readWallet(accountId))?.sweepBucket ?? ''
    expect(await ledger.sweeps.leaveBuckets({ accountId, from })).toBe(true)
    expect(await paidRequest(accountId)).toBe(usual + 1)
  })
})
