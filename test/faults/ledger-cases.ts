/**
 * Writes of the ledger, each through the code that repeats it: the stores send the writes of a
 * request and of a posting a single time, and the ledger itself resolves what it did not hear.
 */

import { makeAccountStore } from '../../src/adapters/dynamodb/account-store.ts'
import type { Database } from '../../src/adapters/dynamodb/client.ts'
import { makeHoldStore } from '../../src/adapters/dynamodb/hold-store.ts'
import { makeSweepStore } from '../../src/adapters/dynamodb/sweep-store.ts'
import { firstIdAt } from '../../src/adapters/system.ts'
import { countedUse, counterCharges, type KeyCaps } from '../../src/ledger/counters.ts'
import { applyDecision, type FinishDeps, finishHold } from '../../src/ledger/finish.ts'
import type { Decision } from '../../src/ledger/ports.ts'
import { type ReserveOrder, reserve } from '../../src/ledger/reserve.ts'
import type { Hold } from '../../src/ledger/wallet.ts'
import { formatUsd } from '../../src/money/nano-usd.ts'
import { anAccountId, nowMs } from '../adapters/dynamodb/facts.ts'
import { draft, genuineReceipt } from '../support/genuine-receipt.ts'
import { openAccount, openFunded } from './journal-cases.ts'
import type { WriteCase } from './write-case.ts'

const accountId = anAccountId()
const holdId = '01M7Y85T20H2FSJD2A9681R5SD'
const amount = 1_000_000n
const use = { amount, tokens: 500 }
const caps: KeyCaps = {
  keyOrdinal: 1,
  spendPerDay: 10n * amount,
  spendPerMonth: undefined,
  requestsPerMinute: 60,
  tokensPerMinute: 10_000,
  concurrency: 4,
}

const order: ReserveOrder = {
  accountId,
  holdId,
  keyOrdinal: caps.keyOrdinal,
  charges: counterCharges(caps, use, nowMs),
  dropCounters: [],
  hold: {
    amount,
    expiresAtSec: nowMs / 1000 + 300,
    priceVersion: 3,
    counted: countedUse(caps, use),
  },
}
const claim = {
  claimHash: 'claim hash',
  fingerprint: 'fingerprint',
  nowSec: nowMs / 1000,
  expiresAtSec: nowMs / 1000 + 86_400,
}
const hold: Hold = { ...order.hold, nonce: 'nonce-1' }
const charge = draft.charge
const own = { request_id: holdId, account_id: accountId, hold_usd: formatUsd(amount) }
const decision: Decision = {
  accountId,
  holdId,
  nonce: hold.nonce,
  charge,
  receipt: genuineReceipt({ private: { ...draft.private, ...own } }),
}

const sleep = async () => undefined
const finishing = (database: Database): FinishDeps => ({
  store: makeHoldStore(database),
  sleep,
  nowMs: () => nowMs + 1_000,
  timeOfId: () => nowMs,
})

/** Every try has a nonce of its own; which one is held depends on which try arrived. */
const mayDiffer = ['nonce', 'n']

function reserving(change: Partial<ReserveOrder> = {}) {
  return (database: Database) => {
    let tries = 0
    const newNonce = () => {
      tries += 1
      return `nonce-${tries}`
    }
    const store = makeHoldStore(database)
    const repair = async () => false
    return reserve({ store, repair, newNonce, sleep }, { ...order, ...change })
  }
}

const funded = openFunded(accountId, 10n * amount)

const held = async (database: Database) => {
  await funded(database)
  await makeHoldStore(database).reserve({ ...order, hold })
}
const decided = async (database: Database) => {
  await held(database)
  await makeHoldStore(database).decide(decision)
}
const settles = async (database: Database) => {
  const isSettled = await applyDecision(finishing(database), hold, decision)
  return { kind: isSettled ? 'settled' : 'unknown' }
}
const settled = async (database: Database) => {
  await decided(database)
  await settles(database)
}

const bucket = '2026-11-21T05:15'
const nextBucket = '2026-11-21T05:16'

export const ledgerCases: readonly WriteCase[] = [
  {
    file: 'account-store',
    method: 'createAccount',
    as: 'of a new account',
    write: openAccount(accountId),
  },
  {
    file: 'account-store',
    method: 'setStatus',
    as: 'of an account',
    given: openAccount(accountId),
    write: (database) => makeAccountStore(database).setStatus(accountId, 'suspended'),
  },
  {
    file: 'account-store',
    method: 'setStatus',
    as: 'of nobody',
    write: (database) => makeAccountStore(database).setStatus(accountId, 'suspended'),
  },
  {
    file: 'account-store',
    method: 'changeAccount',
    as: 'of all of an account',
    given: openAccount(accountId),
    write: (database) =>
      makeAccountStore(database).changeAccount(accountId, {
        name: 'Other',
        smoke: true,
        ownerId: 'owner-1',
        tags: { team: 'red' },
        status: 'suspended',
      }),
  },
  {
    file: 'account-store',
    method: 'changeAccount',
    as: 'of nobody',
    write: (database) => makeAccountStore(database).changeAccount(accountId, { ownerId: null }),
  },
  {
    file: 'hold-store',
    method: 'reserve',
    as: 'within the balance',
    given: funded,
    write: reserving(),
    mayDiffer,
  },
  {
    file: 'hold-store',
    method: 'reserve',
    as: 'with an idempotency key',
    given: funded,
    write: reserving({ claim }),
    // A transaction does not tell what it left; a try after a lost reply finds it.
    mayDiffer: [...mayDiffer, 'counters'],
  },
  {
    file: 'hold-store',
    method: 'reserve',
    as: 'with an idempotency key in use',
    given: async (database) => {
      await funded(database)
      await makeHoldStore(database).reserve({ ...order, hold, claim })
    },
    write: reserving({ claim, holdId: '01M7Y85T20H2FSJD2A9681R5SE' }),
  },
  {
    file: 'hold-store',
    method: 'reserve',
    as: 'beyond the balance',
    given: openFunded(accountId, amount - 1n),
    write: reserving(),
  },
  {
    file: 'hold-store',
    method: 'decide',
    as: 'and settle a request',
    given: held,
    write: async (database) => {
      const finished = await finishHold(finishing(database), hold, decision)
      const isUnknown = finished.kind === 'finished' && !finished.isSettled
      return isUnknown ? { kind: 'unknown' } : finished
    },
  },
  {
    file: 'hold-store',
    method: 'settle',
    as: 'by a decision that stands',
    given: decided,
    write: settles,
  },
  {
    file: 'hold-store',
    method: 'settle',
    as: 'what was settled before',
    given: settled,
    write: settles,
  },
  {
    file: 'sweep-store',
    method: 'moveBucket',
    as: 'to the next minute',
    given: held,
    // Whether it was this try that moved the wallet is of no consequence to the sweeper.
    write: async (database) => {
      await makeSweepStore(database).moveBucket({ accountId, from: bucket, to: nextBucket })
    },
  },
  {
    file: 'sweep-store',
    method: 'leaveBuckets',
    as: 'or else move on',
    given: settled,
    // What the sweeper does: a wallet that does not leave is looked at again.
    write: async (database) => {
      const sweeps = makeSweepStore(database)
      const at = { accountId, from: bucket }
      if (!(await sweeps.leaveBuckets(at))) await sweeps.moveBucket({ ...at, to: nextBucket })
    },
  },
  {
    file: 'sweep-store',
    method: 'dropCounters',
    as: 'of a key',
    given: settled,
    write: (database) =>
      makeSweepStore(database).dropCounters({
        accountId,
        names: order.charges.map(({ name }) => name),
        closedBefore: firstIdAt(0),
      }),
  },
  {
    file: 'sweep-store',
    method: 'writeCursor',
    as: 'again',
    given: (database) => makeSweepStore(database).writeCursor(bucket),
    write: (database) => makeSweepStore(database).writeCursor(nextBucket),
  },
]
