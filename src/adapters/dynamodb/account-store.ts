/**
 * Accounts, each made together with its empty wallet. Whether an account may spend stands on the
 * wallet, where every reserve reads it.
 */
import * as z from 'zod'
import type {
  Account,
  AccountChange,
  AccountEditor,
  AccountStore,
  Page,
} from '../../ledger/ports.ts'
import { AccountTags } from '../../protocol/account.ts'
import { assert } from '../../protocol/assert.ts'
import type { TransactItem } from './client/inputs.ts'
import type { Database } from './client.ts'
import { Int } from './item-fields.ts'
import { newWalletItem, walletKey } from './items/wallet-item.ts'
import { transact } from './transact.ts'
import { setFields, updateIf } from './update-if.ts'

const AccountItem = z.object({
  pk: z.string(),
  name: z.string(),
  smoke: z.boolean(),
  ownerId: z.string().optional(),
  createdAtMs: Int,
  tags: AccountTags.optional(),
})

export const accountKey = (accountId: string) => ({ pk: accountId, sk: 'account' })
/** All accounts, for the operator's listing; ids sort by time. */
const listing = 'accounts'

export function makeAccountStore(database: Database): AccountStore & AccountEditor {
  const { client, tables } = database
  const TableName = tables.balances

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
      const { Item } = await client.get({ TableName, Key })
      return Item && fromAccountItem(Item)
    },
    listAccounts: async (page) => {
      const { ids, next } = await listPage(database, page, { pk: listing, prefix: 'acct_' })
      const read = ids.map((id) => client.get({ TableName, Key: accountKey(id) }))
      const found = await Promise.all(read)
      return { items: found.flatMap(({ Item }) => (Item ? [fromAccountItem(Item)] : [])), next }
    },
    setStatus: (accountId, status) =>
      updateIf(database, {
        TableName,
        Key: walletKey(accountId),
        ...setFields({ status }),
        ConditionExpression: 'attribute_exists(pk)',
      }),
    changeAccount: async (accountId, change) => {
      const { kind } = await transact(database, changesOf(TableName, accountId, change))
      return kind === 'committed'
    },
  }
}

/** Of the account and of its wallet, where each has one. */
function changesOf(TableName: string, accountId: string, change: AccountChange): TransactItem[] {
  const { status, ownerId, ...rest } = change
  const fields = Object.entries({ ...rest, ownerId: ownerId ?? undefined }).filter(
    ([, value]) => value !== undefined,
  )
  const leaves = ownerId === null ? ' REMOVE ownerId' : ''
  const set = fields.length === 0 ? undefined : setFields(Object.fromEntries(fields))
  const exists = { TableName, ConditionExpression: 'attribute_exists(pk)' }
  const ofAccount = {
    ...exists,
    Key: accountKey(accountId),
    ...set,
    UpdateExpression: `${set?.UpdateExpression ?? ''}${leaves}`.trim(),
  }
  const ofWallet = { ...exists, Key: walletKey(accountId), ...setFields({ status }) }
  return [
    ...(ofAccount.UpdateExpression === '' ? [] : [{ Update: ofAccount }]),
    ...(status === undefined ? [] : [{ Update: ofWallet }]),
  ]
}

async function listPage(
  { client, tables }: Database,
  page: Page,
  at: { readonly pk: string; readonly prefix: string },
) {
  const { Items = [], LastEvaluatedKey } = await client.query({
    TableName: tables.balances,
    KeyConditionExpression: 'pk = :pk AND sk > :after',
    ExpressionAttributeValues: { ':pk': at.pk, ':after': page.after ?? at.prefix },
    Limit: page.limit,
  })
  const ids = Items.map((item) => z.object({ sk: z.string() }).parse(item).sk)
  return { ids, next: LastEvaluatedKey ? ids.at(-1) : undefined }
}

const put = (TableName: string, Item: Record<string, unknown>) => ({
  Put: { TableName, Item, ConditionExpression: 'attribute_not_exists(pk)' },
})

function fromAccountItem(item: Readonly<Record<string, unknown>>): Account {
  const { pk: accountId, ...account } = AccountItem.parse(item)
  return { accountId, ...account }
}
