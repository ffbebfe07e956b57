import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sweep } from '../../src/ledger/sweep.ts'
import { accrueEarnings } from '../../src/schedules/accrue-earnings.ts'
import { graceMs, leaseMs, minuteMs } from '../ledger/open-ledger.ts'
import {
  holdAmount,
  openReconciledLedger,
  type ReconciledLedger,
} from '../ledger/reconcile/open-reconciled-ledger.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../support/embedded-dynamodb.ts'

/** A charge older than this is accrued: by then nobody can still be at it. */
const settledMs = leaseMs + graceMs + 5 * minuteMs
const pageOfAccounts = 50

let engine: EmbeddedDynamodb
let ledger: ReconciledLedger
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
})
beforeEach(async () => {
  ledger = await openReconciledLedger(engine)
})
afterAll(() => engine.stop())

test('accrues what is old enough, and leaves what is not for a later round', async () => {
  const accountId = await ledger.customer(1_000_000n)
  const { charge } = await ledger.served(accountId)
  ledger.moveClock(settledMs)
  expect(await ledger.accrue()).toMatchObject({ accounts: 1, decisions: 0, stopped: 'done' })
  ledger.moveClock(1)
  await ledger.served(accountId)
  expect(await ledger.accrue()).toMatchObject({ decisions: 1, failed: 0, stopped: 'done' })
  expect(await ledger.closing.readBook(accountId)).toMatchObject({ charges: charge })
})

test('accrues once, however many runs there are at a time', async () => {
  const accountId = await ledger.customer(1_000_000n)
  const { charge } = await ledger.served(accountId)
  ledger.moveClock(settledMs + 1)
  await Promise.all([ledger.accrue(), ledger.accrue(), ledger.accrue()])
  await ledger.accrue()
  expect(await ledger.closing.readBook(accountId)).toMatchObject({ charges: charge })
  expect(await ledger.reconcile()).toMatchObject({ found: [], nodes: 1 })
})

test('ends an expired hold that the sweeper does not see, and accrues what was behind it', async () => {
  const accountId = await ledger.customer(1_000_000n)
  await ledger.take(ledger.reservation(accountId, holdAmount))
  ledger.moveClock(1)
  await ledger.served(accountId)
  // As a gateway leaves it that stood still for long and then reserved: in a minute that was passed.
  await ledger.alter({ pk: accountId, sk: 'wallet#0' }, { sweepBucket: '2026-11-20T00:00' })
  ledger.moveClock(settledMs + 1)
  expect(await sweep(ledger.sweeping)).toMatchObject({ released: 0 })
  expect(await ledger.accrue()).toMatchObject({ released: 1, decisions: 2 })
  expect(await ledger.sweeps.readWallet(accountId)).toMatchObject({ held: 0n })
})

test('an account with a broken wallet keeps no other from its accrual', async () => {
  const broken = await ledger.customer(1_000_000n)
  const sound = await ledger.customer(1_000_000n)
  await ledger.served(sound)
  await ledger.alter({ pk: broken, sk: 'wallet#0' }, { available: 1n })
  ledger.moveClock(settledMs + 1)
  expect(await ledger.accrue()).toMatchObject({ accounts: 2, decisions: 1, failed: 1 })
  expect(ledger.failures).toEqual([expect.stringContaining(`${broken}: S2 conservation`)])
})

test('closes nothing while its clock is off the database’s', async () => {
  const accountId = await ledger.customer(1_000_000n)
  await ledger.served(accountId)
  ledger.moveClock(settledMs + 1)
  const serverTimeMs = async () => ledger.nowMs() - 2 * minuteMs
  const sweepStore = { ...ledger.accruing.sweepStore, serverTimeMs }
  const report = await accrueEarnings({ ...ledger.accruing, sweepStore })
  expect(report).toMatchObject({ accounts: 0, stopped: 'clock' })
  expect(await ledger.sweeps.readWallet(accountId)).toMatchObject({ closedBefore: undefined })
})

describe('with more accounts than one run gets through', () => {
  test('the next run goes on where it stopped, and the one after begins anew', async () => {
    for (let made = 0; made <= pageOfAccounts; made += 1) await ledger.customer(0n)
    // Every look at the clock takes so long that the first page is all that a run has time for.
    let lateMs = 0
    const nowMs = () => {
      lateMs += 4 * minuteMs
      return ledger.nowMs() + lateMs
    }
    const slow = {
      ...ledger.accruing,
      nowMs,
      sweepStore: { ...ledger.accruing.sweepStore, serverTimeMs: async () => undefined },
    }
    const run = async () => {
      const { accounts, stopped } = await accrueEarnings(slow)
      return { accounts, stopped }
    }
    expect(await run()).toEqual({ accounts: pageOfAccounts, stopped: 'budget' })
    expect(await run()).toEqual({ accounts: 1, stopped: 'done' })
    expect(await run()).toEqual({ accounts: pageOfAccounts, stopped: 'budget' })
  })
})
