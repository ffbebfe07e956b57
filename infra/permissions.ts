/**
 * Rights as policies: every right that a function has, beside writing its own log, is made here. Which
 * tables it may use how stands in `src/rights.ts`.
 */
import type { Stack } from 'aws-cdk-lib'
import { PolicyStatement, type PolicyStatementProps } from 'aws-cdk-lib/aws-iam'
import { type Action, isWrite, type Principal, rights } from '../src/rights.ts'
import { tableNames } from '../src/tables.ts'
import type { DeployedTables } from './constructs/b3iq-tables.ts'

/** The row of `principal` as policy statements over exact table and index ARNs. */
export function tableStatements(principal: Principal, deployed: DeployedTables): PolicyStatement[] {
  const row = rights[principal]
  return tableNames.flatMap((name) => {
    const granted = row[name]
    if (granted === undefined) return []
    const { tableArn } = deployed[name]
    const { actions, writes } = granted
    const onTable = writes
      ? [
          ...statementsOf(
            tableArn,
            actions.filter((action) => !isWrite(action)),
          ),
          ...statementsOf(tableArn, actions.filter(isWrite), leadingKeys(writes)),
        ]
      : statementsOf(tableArn, actions)
    if (granted.indexes === undefined) return onTable
    const onIndexes = new PolicyStatement({
      actions: ['dynamodb:Query'],
      resources: granted.indexes.map((index) => `${tableArn}/index/${index}`),
    })
    return [...onTable, onIndexes]
  })
}

type Conditions = NonNullable<PolicyStatementProps['conditions']>

/** None where there is nothing to allow. */
function statementsOf(
  tableArn: string,
  allowed: readonly Action[],
  conditions: Conditions = {},
): PolicyStatement[] {
  if (allowed.length === 0) return []
  const actions = allowed.map((action) => `dynamodb:${action}`)
  return [new PolicyStatement({ actions, resources: [tableArn], conditions })]
}

/** DynamoDB tells the partition key of every item that a write names, those of a transaction included. */
const leadingKeys = (writes: readonly string[]): Conditions => ({
  'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [...writes] },
})

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
