/**
 * The reconciler beside the ledger at work: several processes reserve, crash and settle, money comes in
 * and goes back, hosts earn and are paid. None of it may look like a discrepancy.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeHoldStore } from '../../../src/adapters/dynamodb/hold-store.ts'
import { credit } from '../../../src/ledger/credit.ts'
import { finishHold } from '../../../src/ledger/finish.ts'
import { refund } from '../../../src/ledger/refund.ts'
import { reserve } from '../../../src/ledger/reserve.ts'
import { sweep } from '../../../src/ledger/sweep.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { graceMs, leaseMs, minuteMs } from '../open-ledger.ts'
import { holdAmount, openReconciledLedger, serving } from './open-reconciled-ledger.ts'

const workers = 4
const runs = 6

let engine: EmbeddedDynamodb
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
})
afterAll(() => engine.stop())

test('a ledger at work has no discrepancy, and one nano-dollar is found when it rests', async () => {
  const ledger = await openReconciledLedger(engine)
  const accounts = [await ledger.customer(50_000_000n), await ledger.customer(50_000_000n)]
  let isOver = false

  /** One process: some requests crash before their decision, or between decision and settlement. */
  const work = async (worker: number) => {
    const store = makeHoldStore(ledger.connect())
    const finishing = { ...ledger.finishing, store }
    for (let request = 0; !isOver; request += 1) {
      const accountId = accounts[(worker + request) % accounts.length] ?? ''
      const order = ledger.reservation(accountId, holdAmount)
      const reserved = await reserve({ ...ledger.reserving, store }, order)
      // Refused where crashed requests hold every place until the sweeper comes.
      if (reserved.kind !== 'held') await delay(5)
      if (reserved.kind !== 'held') continue
      const { hold } = reserved
      const decision = serving({ ...order, hold }, { completion: 10 + (request % 50) })
      const fate = (worker + request) % 12
      if (fate === 0) continue
      if (fate === 3) await store.decide(decision)
      else await finishHold(finishing, hold, decision)
      if (fate === 1) await refundHalf(request, decision)
      if (request % 10 === 0) await topUp(worker, request, accountId)
    }
  }
  const refundHalf = (request: number, decision: Parameters<typeof refund>[1]) =>
    refund({ ...ledger.accruing, wallets: ledger.sweeps }, decision, {
      amount: decision.charge / 2n,
      bearer: 'platform',
      reference: `r ${decision.holdId} ${request}`,
      by: 'test',
    })
  const topUp = (worker: number, request: number, accountId: string) =>
    credit(ledger.posting, {
      accountId,
      kind: request % 20 === 0 ? 'grant' : 'top_up',
      amount: 1_000n,
      reference: `t ${worker} ${request}`,
      by: 'test',
    })
  const keepBooks = async () => {
    while (!isOver) {
      ledger.moveClock(minuteMs / 3)
      await sweep(ledger.sweeping)
      await ledger.accrue()
      await ledger.pay()
    }
  }

  const running = [keepBooks(), ...Array.from({ length: workers }, (_, worker) => work(worker))]
  let passes = 0
  const store: typeof ledger.deps.store = {
    ...ledger.deps.store,
    readBook: (accountId) => {
      passes += 1
      return ledger.deps.store.readBook(accountId)
    },
  }
  for (let run = 0; run < runs; run += 1) {
    // Sometimes in small bites, so that a proof spans many runs.
    const recordsPerVisit = run % 2 === 0 ? 100_000 : 20
    const bounds = { ...ledger.deps.bounds, recordsPerVisit }
    passes = 0
    expect(await ledger.reconcile({ bounds, store })).toMatchObject({ found: [], failed: 0 })
    // Every pass begins with the book: not even the first look at an account was doubtful.
    expect(passes).toBeLessThanOrEqual(accounts.length)
  }
  isOver = true
  await Promise.all(running)

  // At rest: all leases over, all charges accrued.
  ledger.moveClock(leaseMs + graceMs + 10 * minuteMs)
  await sweep(ledger.sweeping)
  await ledger.accrue()
  expect(await untilProven(ledger.reconcile)).toMatchObject({ found: [], failed: 0, contended: 0 })
  const [accountId = ''] = accounts
  const wallet = await ledger.sweeps.readWallet(accountId)
  if (!wallet) throw new Error('no wallet')
  const { available, spent } = wallet
  await ledger.alter(
    { pk: accountId, sk: 'wallet#0' },
    { available: available - 1n, spent: spent + 1n },
  )
  const { found } = await ledger.reconcile()
  expect(found).toMatchObject([{ accountId, invariant: 'S7 spent is the sum of applied charges' }])
}, 60_000)

/** What the runs before left unfinished ends first. */
async function untilProven(
  reconcile: () => Promise<{ readonly unfinished: number; readonly found: readonly unknown[] }>,
) {
  for (;;) {
    const report = await reconcile()
    if (report.unfinished === 0) return report
  }
}
