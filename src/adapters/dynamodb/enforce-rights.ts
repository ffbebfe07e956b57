/**
 * IAM's part on a laptop: before a command leaves, its operations are held against the rights of the
 * function that sends it. What would be denied on AWS fails here with the same error's name.
 */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import * as z from 'zod'
import { type Action, isLike, isWrite, type Principal, rights } from '../../rights.ts'
import { type TableNames, tableNames } from '../../tables.ts'

const Named = z.object({ pk: z.string() })
/** A put names its item, an update and a delete its key. */
const At = z.object({ TableName: z.string(), Item: Named.optional(), Key: Named.optional() })
const SingleTable = At.extend({ IndexName: z.string().optional() })
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

type Operation = {
  readonly action: string
  readonly table: string
  readonly index?: string | undefined
  readonly leadingKey?: string | undefined
}

const leadingKeyOf = ({ Item, Key }: z.infer<typeof At>) => (Item ?? Key)?.pk

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

  constructor(principal: Principal, { action, table, index, leadingKey }: Operation) {
    const at = [table, index && `index/${index}`, leadingKey].filter(Boolean).join('/')
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
        at ? [{ action: `${kind}Item`, table: at.TableName, leadingKey: leadingKeyOf(at) }] : [],
      ),
    )
  }
  const at = SingleTable.parse(input)
  return [{ action, table: at.TableName, index: at.IndexName, leadingKey: leadingKeyOf(at) }]
}

function isGranted(
  principal: Principal,
  { action, table, index, leadingKey }: Operation,
  tables: TableNames,
): boolean {
  const name = tableNames.find((one) => tables[one] === table)
  const granted = name && rights[principal][name]
  if (!granted) return false
  if (index !== undefined) return granted.indexes?.some((one) => one === index) ?? false
  const { actions, writes } = granted
  const right = actions.find((one: Action) => one === action)
  if (!right || !writes || !isWrite(right)) return right !== undefined
  return leadingKey !== undefined && writes.some((pattern) => isLike(leadingKey, pattern))
}
