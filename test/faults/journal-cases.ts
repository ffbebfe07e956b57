/** Postings with their guards, requests for adjustments, and the closing of an account's books. */
import { makeAccountStore } from '../../src/adapters/dynamodb/account-store.ts'
import type { Database } from '../../src/adapters/dynamodb/client.ts'
import { makeClosingStore } from '../../src/adapters/dynamodb/closing-store.ts'
import { makeJournalStore } from '../../src/adapters/dynamodb/journal-store.ts'
import { credit } from '../../src/ledger/credit.ts'
import { type Entry, move } from '../../src/ledger/journal.ts'
import type { Adjustment, Guard } from '../../src/ledger/journal-ports.ts'
import { closePayout, confirmPayout, type PayoutDeps } from '../../src/ledger/payout.ts'
import { post } from '../../src/ledger/post.ts'
import { aNode, anAccountId, nowMs } from '../adapters/dynamodb/facts.ts'
import type { WriteCase } from './write-case.ts'

const accountId = anAccountId()
const nodes = [aNode().nodeId, aNode().nodeId]
const [nodeId = ''] = nodes

/** `entryId` is the same in every run, so that entries can be compared. */
const posting = (database: Database, entryId: string): PayoutDeps => ({
  journal: makeJournalStore(database),
  ids: { ulid: () => entryId },
  nowMs: () => nowMs,
  sleep: async () => undefined,
})

export const openAccount = (id: string) => (database: Database) =>
  makeAccountStore(database).createAccount({
    accountId: id,
    name: 'Customer',
    smoke: false,
    createdAtMs: nowMs,
  })

export const openFunded = (id: string, amount: bigint) => async (database: Database) => {
  await openAccount(id)(database)
  const order = { accountId: id, kind: 'top_up', amount, reference: 'payment 1', by: 'op' } as const
  await credit(posting(database, '01M7Y85T20000000000000FUND'), order)
}

const grant = (database: Database) => {
  const order = { accountId, kind: 'grant', amount: 700n, reference: 'grant 1', by: 'op' } as const
  return credit(posting(database, '01M7Y85T2000000000000GRANT'), order)
}

const entryId = '01M7Y85T2000000000000ENTRY'
type Draft = Pick<Entry, 'kind' | 'legs'>
const posts =
  ({ kind, legs }: Draft, guards: readonly Guard[] = []) =>
  (database: Database) =>
    post(
      posting(database, entryId),
      { kind, legs, reference: 'reference 1', by: 'test', about: 'case' },
      guards,
    )

/** Two nodes earn for the first time: their earnings are opened on the way. */
const accrues = posts({
  kind: 'accrual',
  legs: [
    { account: { kind: 'undistributed' }, amount: -300n },
    ...nodes.map((owner) => ({ account: { kind: 'host', owner }, amount: 120n }) as const),
    { account: { kind: 'fees' }, amount: 60n },
  ],
})

const refund = (amount: bigint): Parameters<typeof posts> => [
  {
    kind: 'refund',
    legs: move(amount, { kind: 'shortfall' }, { kind: 'customer', owner: accountId }),
  },
  [{ kind: 'refund', accountId, holdId: 'hold-1', amount, charge: 500n }],
]

const period = '2026-11-21'
const closes = (database: Database) =>
  closePayout(posting(database, '01M7Y85T200000000000CLOSED'), { nodeId, period })
const confirms = (database: Database) =>
  confirmPayout(
    posting(database, '01M7Y85T2000000000000PAID0'),
    { nodeId, period },
    { state: 'paid', transferId: 'transfer 1', by: 'op' },
  )

const adjustment = (amount: bigint): Adjustment => ({
  reference: 'adjustment 1',
  accountId,
  amount,
  reason: 'a reason',
  requestedBy: 'key_1',
  requestedAtMs: nowMs,
  state: 'requested',
})
const requests = (amount: bigint) => (database: Database) =>
  makeJournalStore(database).requestAdjustment(adjustment(amount))

const funded = openFunded(accountId, 1_000n)
const after =
  (...steps: readonly ((database: Database) => Promise<unknown>)[]) =>
  async (database: Database) => {
    for (const step of steps) await step(database)
  }

const postCase = (as: string, ...steps: readonly ((database: Database) => Promise<unknown>)[]) => ({
  file: 'journal-store',
  method: 'post',
  as,
  given: after(...steps.slice(0, -1)),
  write: steps.at(-1) ?? (async () => undefined),
})

const closeCase = (as: string, before: string): WriteCase => ({
  file: 'closing-store',
  method: 'closeBefore',
  as,
  given: after(funded, (database) => makeClosingStore(database).closeBefore(accountId, 'hold-2')),
  write: (database) => makeClosingStore(database).closeBefore(accountId, before),
})

export const journalCases: readonly WriteCase[] = [
  postCase('a grant', funded, grant),
  postCase('a grant posted before', funded, grant, grant),
  { ...postCase('a grant to nobody', grant), mayStayUnknown: true },
  postCase('an accrual to hosts that never earned', accrues),
  postCase('a refund', funded, posts(...refund(200n))),
  {
    ...postCase('a refund beyond its charge', funded, posts(...refund(501n))),
    mayStayUnknown: true,
  },
  postCase('the close of a payout', accrues, closes),
  postCase('the word on a payout', accrues, closes, confirms),
  {
    file: 'journal-store',
    method: 'requestAdjustment',
    as: 'for the first time',
    write: requests(900n),
  },
  {
    file: 'journal-store',
    method: 'requestAdjustment',
    as: 'under a reference that stands',
    given: requests(900n),
    write: requests(800n),
  },
  closeCase('further on', 'hold-3'),
  closeCase('never back', 'hold-1'),
  {
    file: 'closing-store',
    method: 'writePlace',
    as: 'again',
    given: (database) => makeClosingStore(database).writePlace('accrue', 'acct_1'),
    write: (database) => makeClosingStore(database).writePlace('accrue', 'acct_2'),
  },
]
