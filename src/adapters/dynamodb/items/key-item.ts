/**
 * A customer's key as it is stored: the full record by the hash of its secret, because one read must
 * admit a request, and pointers to it by id and by account. Where a secret was replaced stands a pointer
 * to the record under the next one.
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
  expiresAtMs: Int.optional(),
  secret: Int.default(1),
  previousSecretUntilMs: Int.optional(),
  spendTightenedAtMs: Int.optional(),
  version: Int.default(0),
})

const ReplacedItem = z.object({
  replacedBy: z.string(),
  keyId: KeyId,
  secret: Int,
  untilMs: Int,
})
type ReplacedItem = z.infer<typeof ReplacedItem>

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
/** Counts the ordinals given out and the active keys with limits. */
export const keyCounterKey = (accountId: string) => ({
  pk: accountKeysPartition(accountId),
  sk: '#ordinal',
})

export const toKeyItem = (key: CustomerKey) => ({ ...keyKey(key.keyHash), ...key })

export function fromKeyItem(item: unknown): CustomerKey {
  const key = KeyItem.parse(item)
  return {
    ...key,
    spendPerDay: key.spendPerDay,
    spendPerMonth: key.spendPerMonth,
    requestsPerMinute: key.requestsPerMinute,
    tokensPerMinute: key.tokensPerMinute,
    concurrency: key.concurrency,
    expiresAtMs: key.expiresAtMs,
    previousSecretUntilMs: key.previousSecretUntilMs,
    spendTightenedAtMs: key.spendTightenedAtMs,
  }
}

/** Garbage a day after its secret has ended. */
export const toReplacedItem = (
  { keyHash, keyId, secret }: CustomerKey,
  { replacedBy, untilMs }: { readonly replacedBy: string; readonly untilMs: number },
) => ({
  ...keyKey(keyHash),
  replacedBy,
  keyId,
  secret,
  untilMs,
  expiresAtSec: Math.ceil(untilMs / 1000) + 86_400,
})

export type FoundKey =
  | { readonly kind: 'key'; readonly key: CustomerKey }
  | ({ readonly kind: 'replaced' } & ReplacedItem)

export function fromEitherItem(item: Readonly<Record<string, unknown>>): FoundKey {
  return 'replacedBy' in item
    ? { kind: 'replaced', ...ReplacedItem.parse(item) }
    : { kind: 'key', key: fromKeyItem(item) }
}

/** The key as its former secret opens it: until its grace ends, and no longer than the key itself. */
export const throughFormer = (
  key: CustomerKey,
  { secret, untilMs }: Extract<FoundKey, { kind: 'replaced' }>,
): CustomerKey => ({
  ...key,
  secret,
  expiresAtMs: Math.min(untilMs, key.expiresAtMs ?? untilMs),
})

export const fromPointer = (item: unknown): string => Pointer.parse(item).keyHash
