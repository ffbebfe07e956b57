/**
 * Accounts and money that comes in. A credit is one transaction over its reference, the journal entry
 * and the wallet: the same reference credits once, however often it is sent.
 */
import { GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb'
import * as z from 'zod'
import type { Account, AccountStore, Credit, Page } from '../../ledger/ports.ts'
import { assert } from '../../protocol/assert.ts'
import type { Database } from './client.ts'
import { Amount, Int } from './item-fields.ts'
import { newWalletItem, walletKey } from './items/wallet-item.ts'
import { transact } from './transact.ts'

const AccountItem = z.object({
  pk: z.string(),
  name: z.string(),
  smoke: z.boolean(),
  createdAtMs: Int,
})

const CreditItem = z.object({
  pk: z.string(),
  entryId: z.string(),
  kind: z.enum(['top_up', 'grant']),
  amount: Amount,
  reference: z.string(),
  atMs: Int,
})

export const accountKey = (accountId: string) => ({ pk: accountId, sk: 'account' })
const entryKey = (accountId: string, entryId: string) => ({
  pk: accountId,
  sk: `entry#${entryId}`,
})
const referenceKey = (reference: string) => ({ pk: `reference#${reference}`, sk: 'credit' })
/** All accounts, for the operator's listing; ids sort by time. */
const listing = 'accounts'

export function makeAccountStore(database: Database): AccountStore {
  const { client, tables } = database
  const TableName = tables.balances

  const readByReference = async (reference: string): Promise<Credit | undefined> => {
    const Key = referenceKey(reference)
    const { Item } = await client.send(new GetCommand({ TableName, Key, ConsistentRead: true }))
    return Item && fromCreditItem({ ...Item, pk: Item.accountId })
  }

  return {
    createAccount: async (account) => {
      const { accountId, ...rest } = account
      const outcome = await transact(database, [
        put(TableName, { ...accountKey(accountId), ...rest }),
        put(TableName, newWalletItem(accountId)),
        put(TableName, { pk: listing, sk: accountId }),
      ])
      assert(outcome.kind === 'committed', 'account ids are fresh', { accountId })
    },
    readAccount: async (accountId) => {
      const Key = accountKey(accountId)
      const { Item } = await client.send(new GetCommand({ TableName, Key }))
      return Item && fromAccountItem(Item)
    },
    listAccounts: async (page) => {
      const { ids, next } = await listPage(database, page, { pk: listing, prefix: 'acct_' })
      const read = ids.map((id) => client.send(new GetCommand({ TableName, Key: accountKey(id) })))
      const found = await Promise.all(read)
      return { items: found.flatMap(({ Item }) => (Item ? [fromAccountItem(Item)] : [])), next }
    },
    credit: async (credit) => {
      const { accountId, entryId, reference, amount } = credit
      const { accountId: _, ...entry } = credit
      const outcome = await transact(database, [
        put(TableName, { ...referenceKey(reference), accountId, ...entry }),
        put(TableName, { ...entryKey(accountId, entryId), ...entry }),
        {
          Update: {
            TableName,
            Key: walletKey(accountId),
            UpdateExpression: 'SET available = available + :amount, funded = funded + :amount',
            ConditionExpression: 'attribute_exists(pk)',
            ExpressionAttributeValues: { ':amount': amount },
          },
        },
      ])
      if (outcome.kind === 'committed') return { kind: 'credited' }
      const before = await readByReference(reference)
      return before ? { kind: 'credited_before', credit: before } : { kind: 'no_account' }
    },
    listCredits: async (accountId, page) => {
      const after = page.after && `entry#${page.after}`
      const { Items = [], LastEvaluatedKey } = await client.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
          ExpressionAttributeValues: {
            ':pk': accountId,
            ':from': 'entry#',
            // BETWEEN includes the cursor itself, which is dropped below.
            ':to': after ?? 'entry#~',
          },
          ScanIndexForward: false,
          Limit: page.limit + 1,
        }),
      )
      const older = Items.map(fromCreditItem).filter((entry) => entry.entryId !== page.after)
      const items = older.slice(0, page.limit)
      const hasMore = older.length > page.limit || LastEvaluatedKey !== undefined
      return { items, next: hasMore ? items.at(-1)?.entryId : undefined }
    },
  }
}

async function listPage(
  { client, tables }: Database,
  page: Page,
  at: { readonly pk: string; readonly prefix: string },
) {
  const { Items = [], LastEvaluatedKey } = await client.send(
    new QueryCommand({
      TableName: tables.balances,
      KeyConditionExpression: 'pk = :pk AND sk > :after',
      ExpressionAttributeValues: { ':pk': at.pk, ':after': page.after ?? at.prefix },
      Limit: page.limit,
    }),
  )
  const ids = Items.map((item) => z.object({ sk: z.string() }).parse(item).sk)
  return { ids, next: LastEvaluatedKey ? ids.at(-1) : undefined }
}

const put = (TableName: string, Item: Record<string, unknown>) => ({
  Put: { TableName, Item, ConditionExpression: 'attribute_not_exists(pk)' },
})

function fromAccountItem(item: Readonly<Record<string, unknown>>): Account {
  const { pk, name, smoke, createdAtMs } = AccountItem.parse(item)
  return { accountId: pk, name, smoke, createdAtMs }
}

function fromCreditItem(item: Readonly<Record<string, unknown>>): Credit {
  const { pk, ...credit } = CreditItem.parse(item)
  return { accountId: pk, ...credit }
}
