/**
 * A customer's key as it is stored: the full record by its hash, because one read must admit a
 * request, and pointers to it by id and by account.
 */
import * as z from 'zod'
import type { CustomerKey } from '../../../keys/api-key.ts'
import { KeyPolicy, Scope } from '../../../protocol/account.ts'
import { AccountId, KeyId } from '../../../protocol/ids.ts'
import { Amount, Int } from '../item-fields.ts'

const KeyItem = z.object({
  keyId: KeyId,
  keyHash: z.string(),
  accountId: AccountId,
  ordinal: Int,
  name: z.string(),
  status: z.enum(['active', 'revoked']),
  scopes: z.array(Scope),
  policy: KeyPolicy,
  spendPerDay: Amount.optional(),
  spendPerMonth: Amount.optional(),
  requestsPerMinute: Int.optional(),
  tokensPerMinute: Int.optional(),
  concurrency: Int.optional(),
  createdAtMs: Int,
})

const Pointer = z.object({ keyHash: z.string() })

export const keyKey = (keyHash: string) => ({ pk: `key#${keyHash}`, sk: 'key' })
export const keyIdKey = (keyId: string) => ({ pk: `keyid#${keyId}`, sk: 'key' })
export const accountKeysPartition = (accountId: string) => `acct-keys#${accountId}`
/** Begins the sort key of every pointer in an account's partition, and not the counter's. */
export const keyIdPrefix = 'key_'
export const accountKeyKey = (accountId: string, keyId: string) => ({
  pk: accountKeysPartition(accountId),
  sk: keyId,
})
/** Counts the ordinals given out and the active keys with caps. */
export const keyCounterKey = (accountId: string) => ({
  pk: accountKeysPartition(accountId),
  sk: '#ordinal',
})

export const toKeyItem = (key: CustomerKey) => ({ ...keyKey(key.keyHash), ...key })

export function fromKeyItem(item: unknown): CustomerKey {
  const key = KeyItem.parse(item)
  const { spendPerDay, spendPerMonth, requestsPerMinute, tokensPerMinute, concurrency } = key
  const limits = { spendPerDay, spendPerMonth, requestsPerMinute, tokensPerMinute, concurrency }
  return { ...key, ...limits }
}

export const fromPointer = (item: unknown): string => Pointer.parse(item).keyHash
