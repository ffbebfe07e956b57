/**
 * IAM's part on a laptop: before a command leaves, its operations are held against the rights of the
 * function that sends it. What would be denied on AWS fails here with the same error's name.
 */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import * as z from 'zod'
import { type Action, type Principal, rights } from '../../rights.ts'
import type { TableName, TableNames } from '../../tables.ts'

const At = z.object({ TableName: z.string() })
const SingleTable = z.object({ TableName: z.string(), IndexName: z.string().optional() })
const Batch = z.object({ RequestItems: z.record(z.string(), z.unknown()) })
const Transaction = z.object({
  TransactItems: z.array(
    z.object({
      Put: At.optional(),
      Update: At.optional(),
      Delete: At.optional(),
      ConditionCheck: At.optional(),
    }),
  ),
})

type Operation = { readonly action: string; readonly table: string; readonly index?: string }

export function enforceRights(
  client: DynamoDBClient,
  principal: Principal,
  tables: TableNames,
): void {
  client.middlewareStack.add(
    (next, context) => (args) => {
      const denied = operationsOf(context.commandName ?? '', args.input).find(
        (operation) => !isGranted(principal, operation, tables),
      )
      if (denied) throw new AccessDenied(principal, denied)
      return next(args)
    },
    { step: 'initialize', name: 'enforceRights', priority: 'high' },
  )
}

class AccessDenied extends Error {
  override readonly name = 'AccessDeniedException'

  constructor(principal: Principal, { action, table, index }: Operation) {
    const at = index === undefined ? table : `${table}/index/${index}`
    super(`${principal} has no right to dynamodb:${action} on ${at}; see src/rights.ts.`)
  }
}

function operationsOf(command: string, input: unknown): Operation[] {
  const action = command.replace(/Command$/, '')
  if (action === 'BatchGetItem') {
    return Object.keys(Batch.parse(input).RequestItems).map((table) => ({ action, table }))
  }
  if (action === 'TransactWriteItems') {
    return Transaction.parse(input).TransactItems.flatMap((item) =>
      Object.entries(item).flatMap(([kind, at]) =>
        at ? [{ action: `${kind}Item`, table: at.TableName }] : [],
      ),
    )
  }
  const { TableName, IndexName } = SingleTable.parse(input)
  return [{ action, table: TableName, ...(IndexName === undefined ? {} : { index: IndexName }) }]
}

function isGranted(
  principal: Principal,
  { action, table, index }: Operation,
  tables: TableNames,
): boolean {
  const names: readonly TableName[] = ['balances', 'keys', 'profiles', 'receipts', 'spend']
  const name = names.find((one) => tables[one] === table)
  const granted = name && rights[principal][name]
  if (!granted) return false
  if (index !== undefined) return granted.indexes?.some((one) => one === index) ?? false
  return granted.actions.some((one: Action) => one === action)
}
