import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { credit } from '../../src/ledger/credit.ts'
import type { ReconcileStore } from '../../src/ledger/reconcile/ports.ts'
import { graceMs, leaseMs, minuteMs } from '../ledger/open-ledger.ts'
import {
  openReconciledLedger,
  type ReconciledLedger,
} from '../ledger/reconcile/open-reconciled-ledger.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../support/embedded-dynamodb.ts'

let engine: EmbeddedDynamodb
let ledger: ReconciledLedger
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
})
beforeEach(async () => {
  ledger = await openReconciledLedger(engine)
})
afterAll(() => engine.stop())

const walletOf = (accountId: string) => ({ pk: accountId, sk: 'wallet#0' })

/** Cannot read the wallets of these accounts: the database does not answer. */
function unreachable(...accountIds: readonly string[]): ReconcileStore {
  const { store } = ledger.deps
  return {
    ...store,
    readWallet: async (accountId) => {
      if (accountIds.includes(accountId)) throw new Error('no answer')
      return store.readWallet(accountId)
    },
  }
}

describe('a run', () => {
  test('counts what it found and names whose it is', async () => {
    const sound = await ledger.customer(10n)
    const broken = await ledger.customer(10n)
    await ledger.alter(walletOf(broken), { available: 11n })
    const run = await ledger.reconcile()
    expect(run).toMatchObject({ accounts: 2, discrepancies: 1, stopped: 'done' })
    expect(run.found).toMatchObject([{ accountId: broken, invariant: 'S2 conservation' }])
    expect(run.found).not.toMatchObject([{ accountId: sound }])
    expect(ledger.publishedCounts).toEqual([{ discrepancies: 1, accounts: 2 }])
  })

  test('proves what another run proves at the same time, and nothing is lost by it', async () => {
    await ledger.customer(10n)
    const broken = await ledger.customer(10n)
    await ledger.alter(walletOf(broken), { available: 11n })
    const runs = await Promise.all([ledger.reconcile(), ledger.reconcile()])
    for (const run of runs) expect(run).toMatchObject({ discrepancies: 1, stopped: 'done' })
    await ledger.alter(walletOf(broken), { available: 10n })
    expect(await ledger.reconcile()).toMatchObject({ accounts: 2, discrepancies: 0 })
    expect(ledger.unread).toEqual([])
  })

  test('tells again what still is wrong, so that the alarm does not end by itself', async () => {
    await ledger.alter(walletOf(await ledger.customer(10n)), { available: 11n })
    await ledger.reconcile()
    expect(await ledger.reconcile()).toMatchObject({ discrepancies: 1 })
  })

  test('proves all others where one account cannot be reached', async () => {
    const lost = await ledger.customer(10n)
    await ledger.customer(10n)
    const run = await ledger.reconcile({ store: unreachable(lost) })
    expect(run).toMatchObject({ accounts: 1, failed: 1, discrepancies: 0 })
    expect(ledger.unread).toEqual([`${lost}: no answer`])
  })

  test('that could look at nothing fails and publishes no number', async () => {
    const lost = await ledger.customer(10n)
    const run = ledger.reconcile({ store: unreachable(lost) })
    await expect(run).rejects.toThrow('None of 1 accounts and nodes could be looked at.')
    expect(ledger.publishedCounts).toEqual([])
  })

  test('publishes what it found even where it cannot go on', async () => {
    await ledger.alter(walletOf(await ledger.customer(10n)), { available: 11n })
    const listEarners = () => Promise.reject(new Error('no answer'))
    await expect(ledger.reconcile({ journal: { listEarners } })).rejects.toThrow('no answer')
    expect(ledger.publishedCounts).toMatchObject([{ discrepancies: 1 }])
  })

  test('judges nothing by a clock that is off the database’s', async () => {
    await ledger.alter(walletOf(await ledger.customer(10n)), { available: 11n })
    const serverTimeMs = async () => ledger.nowMs() + 2 * minuteMs
    const sweepStore = { ...ledger.deps.sweepStore, serverTimeMs }
    const run = await ledger.reconcile({ sweepStore })
    expect(run).toMatchObject({ accounts: 0, discrepancies: 0, stopped: 'clock' })
    expect(ledger.publishedCounts).toEqual([])
  })
})

describe('an account whose entries do not stand still', () => {
  test('has no discrepancy, and is looked at again', async () => {
    const accountId = await ledger.customer(10n)
    let credits = 0
    const busy: ReconcileStore = {
      ...ledger.deps.store,
      readWallet: async (id) => {
        const wallet = await ledger.deps.store.readWallet(id)
        credits += 1
        const order = { accountId, kind: 'top_up', amount: 1n, reference: `c${credits}` } as const
        await credit(ledger.posting, { ...order, by: 'test' })
        return wallet
      },
    }
    const run = await ledger.reconcile({ store: busy })
    expect(run).toMatchObject({ contended: 1, accounts: 0, discrepancies: 0 })
    expect(await ledger.reconcile()).toMatchObject({ contended: 0, accounts: 1, discrepancies: 0 })
  })

  test('has none either where an old entry came late: it is there when counted again', async () => {
    await ledger.customer(10n)
    let looks = 0
    const late: ReconcileStore = {
      ...ledger.deps.store,
      entriesBetween: async (range) => {
        looks += 1
        // All looks of the first pass: at what is settled, and before and after the wallet.
        return looks <= 3 ? [] : ledger.deps.store.entriesBetween(range)
      },
    }
    expect(await ledger.reconcile({ store: late })).toMatchObject({ accounts: 1, found: [] })
    expect(looks).toBe(6)
  })
})

describe('with more records than one run may read', () => {
  const tiny = {
    pageSize: 2,
    bounds: { recordsPerRun: 100_000, recordsPerVisit: 2, runMs: 60_000 },
  }

  /** Half of the charges are final, half are not. */
  async function busyAccount(): Promise<string> {
    const accountId = await ledger.customer(10_000_000n)
    for (let made = 0; made < 6; made += 1) {
      await ledger.served(accountId)
      ledger.moveClock(1)
    }
    ledger.moveClock(leaseMs + graceMs + 6 * minuteMs)
    expect(await ledger.accrue()).toMatchObject({ decisions: 6 })
    for (let made = 0; made < 6; made += 1) {
      await ledger.served(accountId)
      ledger.moveClock(1)
    }
    return accountId
  }

  async function runsUntilProven() {
    for (let runs = 1; ; runs += 1) {
      const { unfinished, accounts, found } = await ledger.reconcile(tiny)
      if (unfinished === 0) return { runs, accounts, found }
      expect(runs).toBeLessThan(100)
    }
  }

  test('an account is proven over several runs, and then from its beginning again', async () => {
    await busyAccount()
    const first = await runsUntilProven()
    expect(first).toMatchObject({ accounts: 1, found: [] })
    expect(first.runs).toBeGreaterThan(5)
    expect(await runsUntilProven()).toEqual(first)
  })

  test.each([
    ['more', 1n],
    ['less', -1n],
  ])('one nano-dollar spent %s is found at the end of two proofs', async (_, by) => {
    const accountId = await busyAccount()
    const wallet = await ledger.sweeps.readWallet(accountId)
    if (!wallet) throw new Error('no wallet')
    const { available, spent } = wallet
    await ledger.alter(walletOf(accountId), { available: available - by, spent: spent + by })
    const { runs, found } = await runsUntilProven()
    expect(found).toMatchObject([
      { accountId, invariant: 'S7 spent is the sum of applied charges' },
    ])
    expect(runs).toBeGreaterThan(10)
  })

  test('an account that a request changes between two runs has no discrepancy', async () => {
    const accountId = await busyAccount()
    for (let runs = 0; runs < 12; runs += 1) {
      expect(await ledger.reconcile(tiny)).toMatchObject({ found: [], failed: 0 })
      await ledger.served(accountId)
      ledger.moveClock(minuteMs)
      if (runs % 3 === 0) await ledger.accrue()
    }
    expect(await runsUntilProven()).toMatchObject({ accounts: 1, found: [] })
  })

  test('a large account does not keep a small one waiting', async () => {
    await busyAccount()
    await ledger.customer(10n)
    expect(await ledger.reconcile(tiny)).toMatchObject({ accounts: 1, unfinished: 1 })
  })

  test('a run whose time is over leaves the nodes to the next one', async () => {
    await busyAccount()
    const bounds = { ...ledger.deps.bounds, recordsPerRun: 1 }
    expect(await ledger.reconcile({ bounds })).toMatchObject({ nodes: 0, stopped: 'budget' })
    expect(await ledger.reconcile()).toMatchObject({ accounts: 0, nodes: 1, stopped: 'done' })
    expect(await ledger.reconcile()).toMatchObject({ accounts: 1, nodes: 1, stopped: 'done' })
  })
})
