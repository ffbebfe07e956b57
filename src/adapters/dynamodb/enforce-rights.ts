/**
 * IAM's part on a laptop: before a call leaves, its operations are compared with the rights of the
 * function that makes it. What would be denied on AWS fails here with the same error's name.
 */
import * as z from 'zod'
import { type Action, isLike, isWrite, type Principal, rights } from '../../rights.ts'
import { type TableNames, tableNames } from '../../tables.ts'
import type { Operation } from './client/operations.ts'
import { type Database, wrapCalls } from './client.ts'

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

type Access = {
  readonly action: string
  readonly table: string
  readonly index?: string | undefined
  readonly leadingKey?: string | undefined
}

const leadingKeyOf = ({ Item, Key }: z.infer<typeof At>) => (Item ?? Key)?.pk

/** The same tables, for what `principal` may do with them. */
export function enforceRights(database: Database, principal: Principal): Database {
  return wrapCalls(database, (call) => async (operation, input) => {
    const denied = accessesOf(operation, input).find(
      (access) => !isGranted(principal, access, database.tables),
    )
    if (denied) throw new AccessDenied(principal, denied)
    return call(operation, input)
  })
}

class AccessDenied extends Error {
  override readonly name = 'AccessDeniedException'

  constructor(principal: Principal, { action, table, index, leadingKey }: Access) {
    const at = [table, index && `index/${index}`, leadingKey].filter(Boolean).join('/')
    super(`${principal} has no right to dynamodb:${action} on ${at}; see src/rights.ts.`)
  }
}

function accessesOf(action: Operation, input: object): Access[] {
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
  { action, table, index, leadingKey }: Access,
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
