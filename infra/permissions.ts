/**
 * Who may do what: every right that a function has, beside writing its own log, is in this file.
 * A DynamoDB transaction needs no right of its own, only those of the operations in it.
 */
import type { Stack } from 'aws-cdk-lib'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { ScheduleName } from '../src/names.ts'
import type { TableName, tables } from '../src/tables.ts'
import type { DeployedTables } from './constructs/b3iq-tables.ts'

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
  profiles: {
    actions: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'],
  },
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
export function tableStatements(principal: Principal, deployed: DeployedTables): PolicyStatement[] {
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

/** Name of the SecureString with a stage's pepper and signing keys, without its leading slash. */
export function secretsParameter(stage: string): string {
  return `b3iq/${stage}/secrets`
}

/** Reading that one parameter, and having SSM decrypt it with the account's key for SSM. */
export function secretStatements(stack: Stack, stage: string): PolicyStatement[] {
  const parameterArn = stack.formatArn({
    service: 'ssm',
    resource: 'parameter',
    resourceName: secretsParameter(stage),
  })
  return [
    new PolicyStatement({ actions: ['ssm:GetParameter'], resources: [parameterArn] }),
    new PolicyStatement({
      actions: ['kms:Decrypt'],
      resources: [anyKeyArn(stack)],
      conditions: {
        StringEquals: {
          'kms:ViaService': `ssm.${stack.region}.amazonaws.com`,
          'kms:EncryptionContext:PARAMETER_ARN': parameterArn,
        },
        'ForAnyValue:StringEquals': { 'kms:ResourceAliases': 'alias/aws/ssm' },
      },
    }),
  ]
}

/**
 * The only resource wildcard of any function. AWS makes the key behind `alias/aws/ssm`, so its id
 * is not known here and a policy cannot name a key by its alias; the conditions above do.
 */
export function anyKeyArn(stack: Stack): string {
  return stack.formatArn({ service: 'kms', resource: 'key', resourceName: '*' })
}
