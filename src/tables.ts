/**
 * The DynamoDB tables. CDK deploys them and the laptop creates them from this one definition,
 * so that a key or an index cannot differ between the two.
 */

export type IndexDefinition = {
  readonly name: string
  readonly partitionKey: string
  readonly sortKey?: string
}

export type TableDefinition = {
  readonly partitionKey: string
  readonly sortKey: string
  /** Keys-only, and sparse: an item without the index's keys is not in it. */
  readonly keysOnlyIndexes: readonly IndexDefinition[]
  /** Attribute with epoch seconds after which an item is garbage. Never a timer: nothing reads it. */
  readonly timeToLive?: string
  /** Of items as they are after each change; read by whoever learns from them. */
  readonly stream?: 'NEW_IMAGE'
}

export const tables = {
  /** Accounts, wallets with their holds, ledger entries other than charges. */
  balances: {
    partitionKey: 'pk',
    sortKey: 'sk',
    // A wallet with open holds sits in the bucket of the minute in which its first one expires.
    keysOnlyIndexes: [{ name: 'bySweepBucket', partitionKey: 'sweepBucket', sortKey: 'pk' }],
  },
  /**
   * Customer keys, operator keys, join codes and idempotency claims, all stored by hash; and what operators
   * changed, by day, which never expires.
   */
  keys: { partitionKey: 'pk', sortKey: 'sk', keysOnlyIndexes: [], timeToLive: 'expiresAtSec' },
  /** Nodes, their profiles and hot items, the pool shards per model, the catalogue, incidents. */
  profiles: { partitionKey: 'pk', sortKey: 'sk', keysOnlyIndexes: [] },
  /** One receipt per hold, found by account and hold, by its hash, by the node's. */
  receipts: {
    partitionKey: 'pk',
    sortKey: 'sk',
    keysOnlyIndexes: [
      { name: 'byReceiptHash', partitionKey: 'receiptHash' },
      { name: 'byNodeReceiptHash', partitionKey: 'nodeReceiptHash' },
      // Receipts of expired holds alone: a late claim names its hold and no account.
      { name: 'byExpiredHold', partitionKey: 'expiredHold' },
    ],
    stream: 'NEW_IMAGE',
  },
  /** Sums of receipts per day, and which of them are counted in: `docs/decisions/0027`. */
  spend: { partitionKey: 'pk', sortKey: 'sk', keysOnlyIndexes: [], timeToLive: 'expiresAtSec' },
} as const satisfies Record<string, TableDefinition>

export type TableName = keyof typeof tables
const isTableName = (name: string): name is TableName => Object.hasOwn(tables, name)
export const tableNames: readonly TableName[] = Object.keys(tables).filter(isTableName)

export type TableNames = Readonly<Record<TableName, string>>
