/**
 * Who may do what to which table: the whole truth about DynamoDB rights, readable in one screen.
 * A transaction needs no right of its own, only those of the operations in it.
 */
import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { ScheduleName } from '../src/names.ts'
import type { TableName, tables } from '../src/tables.ts'

export type Action =
  | 'GetItem'
  | 'BatchGetItem'
  | 'Query'
  | 'PutItem'
  | 'UpdateItem'
  | 'DeleteItem'
  | 'ConditionCheckItem'

type IndexName<Name extends TableName> = (typeof tables)[Name]['keysOnlyIndexes'][number]['name']

export type Permissions = {
  readonly [Name in TableName]?: {
    readonly actions: readonly Action[]
    /** Indexes that may be queried; the table itself only when `actions` has Query. */
    readonly indexes?: readonly IndexName<Name>[]
  }
}

export type Principal = 'gateway' | 'ingest' | 'admin' | 'bootstrap' | ScheduleName

const write = ['PutItem', 'UpdateItem', 'DeleteItem', 'ConditionCheckItem'] as const

const fleetUpkeep: Permissions = {
  profiles: { actions: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'] },
}

export const permissions: Readonly<Record<Principal, Permissions>> = {
  gateway: {
    balances: { actions: ['GetItem', 'Query', 'UpdateItem'] },
    keys: { actions: ['GetItem'] },
    profiles: { actions: ['GetItem', 'BatchGetItem', 'Query', 'UpdateItem'] },
    receipts: {
      actions: ['GetItem', 'Query', 'PutItem'],
      indexes: ['byReceiptHash', 'byNodeReceiptHash'],
    },
  },
  ingest: {
    keys: { actions: ['GetItem', 'PutItem', 'UpdateItem'] },
    profiles: { actions: ['GetItem', 'Query', 'PutItem', 'UpdateItem', 'ConditionCheckItem'] },
  },
  admin: {
    balances: { actions: ['GetItem', 'Query', ...write] },
    keys: { actions: ['GetItem', 'Query', ...write] },
    profiles: { actions: ['GetItem', 'Query', ...write] },
    receipts: { actions: ['GetItem', 'Query'] },
  },
  // Mints the first owner key on the condition that none was minted before.
  bootstrap: {
    keys: { actions: ['GetItem', 'PutItem', 'ConditionCheckItem'] },
  },
  'expire-heartbeats': fleetUpkeep,
  'recompute-eligibility': fleetUpkeep,
  'probe-routes': fleetUpkeep,
  'run-benchmarks': fleetUpkeep,
  'expire-holds': {
    balances: {
      actions: ['GetItem', 'Query', 'PutItem', 'UpdateItem'],
      indexes: ['bySweepBucket'],
    },
    receipts: { actions: ['GetItem', 'PutItem'] },
  },
}

/** The row of `principal` as policy statements over exact table and index ARNs. */
export function tableStatements(
  principal: Principal,
  deployed: Readonly<Record<TableName, ITableV2>>,
): PolicyStatement[] {
  const row = permissions[principal]
  const names: readonly TableName[] = ['balances', 'keys', 'profiles', 'receipts']
  return names.flatMap((name) => {
    const granted = row[name]
    if (granted === undefined) return []
    const { tableArn } = deployed[name]
    const onTable = new PolicyStatement({
      actions: granted.actions.map((action) => `dynamodb:${action}`),
      resources: [tableArn],
    })
    if (granted.indexes === undefined) return [onTable]
    const onIndexes = new PolicyStatement({
      actions: ['dynamodb:Query'],
      resources: granted.indexes.map((index) => `${tableArn}/index/${index}`),
    })
    return [onTable, onIndexes]
  })
}
