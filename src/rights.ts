/**
 * What each deployable may do in DynamoDB. CDK makes its policies from this table, and a laptop's database
 * client refuses everything else, so that a missing right shows before anything is deployed. A
 * transaction needs no right of its own, only those of the operations in it.
 */
import type { ScheduleName } from './names.ts'
import type { TableName, tables } from './tables.ts'

export type Action =
  | 'GetItem'
  | 'BatchGetItem'
  | 'Query'
  | 'PutItem'
  | 'UpdateItem'
  | 'DeleteItem'
  | 'ConditionCheckItem'

type IndexName<Name extends TableName> = (typeof tables)[Name]['keysOnlyIndexes'][number]['name']

export type Rights = {
  readonly [Name in TableName]?: {
    readonly actions: readonly Action[]
    /** Indexes that may be queried; the table itself only when `actions` has Query. */
    readonly indexes?: readonly IndexName<Name>[]
    /** Partition keys of what may be written, as IAM's StringLike reads them; left out, all. */
    readonly writes?: readonly string[]
  }
}

export const isWrite = (action: Action): boolean =>
  action === 'PutItem' || action === 'UpdateItem' || action === 'DeleteItem'

/** As IAM judges it, of the one wildcard that is used here. */
export const isLike = (text: string, pattern: string): boolean =>
  pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern

export type Principal =
  | 'gateway'
  | 'ingest'
  | 'admin'
  | 'bootstrap'
  | 'roll-up-spend'
  | ScheduleName

const observe: Rights = { profiles: { actions: ['Query', 'UpdateItem'] } }

/** Benchmarks and spot checks are paid requests: what the gateway may do, without clients' claims. */
const askAsCustomer: Rights = {
  balances: { actions: ['GetItem', 'Query', 'UpdateItem'] },
  // A key that is replaced while it is listed is read again by itself.
  keys: { actions: ['GetItem', 'BatchGetItem', 'Query'] },
  profiles: { actions: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem'] },
  receipts: { actions: ['GetItem', 'PutItem'] },
}

export const rights: Readonly<Record<Principal, Rights>> = {
  gateway: {
    balances: { actions: ['GetItem', 'Query', 'UpdateItem'] },
    // Idempotency claims are put together with their holds; cancels are looked for in batches. What
    // operators are known by, and what they did, is out of reach of whoever serves customers.
    keys: {
      actions: ['GetItem', 'BatchGetItem', 'PutItem'],
      writes: ['claim#*', 'cancel#*', 'retry#*'],
    },
    // A served request proves its route; at most once a minute that is recorded.
    profiles: { actions: ['GetItem', 'BatchGetItem', 'UpdateItem'] },
    receipts: {
      actions: ['GetItem', 'Query', 'PutItem'],
      indexes: ['byReceiptHash', 'byNodeReceiptHash'],
    },
  },
  ingest: {
    // Late claims are posted here, and suspend who claims too much.
    balances: { actions: ['GetItem', 'Query', 'PutItem', 'UpdateItem'] },
    keys: { actions: ['GetItem', 'UpdateItem'], writes: ['join#*', 'enrolments#*', 'instance#*'] },
    profiles: {
      actions: ['GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem', 'ConditionCheckItem'],
    },
    receipts: { actions: ['GetItem'], indexes: ['byExpiredHold'] },
  },
  admin: {
    balances: { actions: ['GetItem', 'Query', 'PutItem', 'UpdateItem', 'ConditionCheckItem'] },
    keys: { actions: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem'] },
    profiles: { actions: ['GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'] },
    // A refund names its receipt.
    receipts: { actions: ['GetItem'], indexes: ['byReceiptHash', 'byNodeReceiptHash'] },
    spend: { actions: ['Query'] },
  },
  // Sums what the stream of the receipts brings, or an account's when asked to; its tags too.
  'roll-up-spend': {
    balances: { actions: ['GetItem'] },
    receipts: { actions: ['Query'] },
    spend: { actions: ['PutItem', 'UpdateItem'] },
  },
  // Mints the first owner key on the condition that none was minted before; ends the record of it.
  bootstrap: {
    keys: { actions: ['PutItem', 'UpdateItem'], writes: ['op', 'op#*', 'audit#*', 'change#*'] },
  },
  'expire-heartbeats': { profiles: { actions: ['GetItem', 'Query', 'UpdateItem'] } },
  'advance-jobs': {
    // A job that is over leaves the list of open ones.
    profiles: { actions: ['GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'] },
  },
  'recompute-eligibility': {
    profiles: { actions: ['GetItem', 'Query', 'PutItem', 'DeleteItem'] },
  },
  'probe-routes': observe,
  'run-benchmarks': askAsCustomer,
  'run-spot-checks': askAsCustomer,
  'expire-holds': {
    balances: { actions: ['GetItem', 'PutItem', 'UpdateItem'], indexes: ['bySweepBucket'] },
    receipts: { actions: ['PutItem'] },
  },
  'accrue-earnings': {
    balances: { actions: ['GetItem', 'Query', 'PutItem', 'UpdateItem'] },
    // Keeps the reputation and the live speed of whoever served.
    profiles: { actions: ['GetItem', 'PutItem', 'UpdateItem'] },
    // Puts the decisions of expired holds that no sweeper found.
    receipts: { actions: ['Query', 'PutItem'] },
  },
  'close-payouts': {
    balances: { actions: ['GetItem', 'Query', 'PutItem', 'UpdateItem'] },
    // Whether payouts are paused.
    profiles: { actions: ['GetItem'] },
  },
  'reconcile-ledger': {
    // Puts only its place.
    balances: { actions: ['GetItem', 'BatchGetItem', 'Query', 'PutItem'] },
    keys: { actions: ['GetItem', 'BatchGetItem', 'Query'] },
    receipts: { actions: ['GetItem', 'Query'] },
  },
}
