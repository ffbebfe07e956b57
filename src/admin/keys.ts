/** Customer keys: shown once when made, afterwards known by id alone. */
import * as z from 'zod'
import { type CustomerKey, hashKey, type KeyStore, makeKey, type Peppers } from '../keys/api-key.ts'
import type { Account, AccountStore } from '../ledger/ports.ts'
import { KeyLimits, KeyPolicy, Scope } from '../protocol/account.ts'
import { assert } from '../protocol/assert.ts'
import type { Ids, NowMs } from '../protocol/clock.ts'
import { AccountId } from '../protocol/ids.ts'
import { limits } from '../protocol/limits.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { noLimits, withLimits } from './key-limits.ts'
import { toWireKey } from './key-view.ts'
import { pageFields, toList } from './page.ts'

export type KeyDeps = {
  readonly keys: KeyStore
  readonly accounts: Pick<AccountStore, 'readAccount'>
  readonly peppers: Peppers
  readonly ids: Ids
  readonly nowMs: NowMs
}

export const KeyName = z.string().trim().min(1).max(128)
export const ExpiryTime = z.iso.datetime({ offset: true })

export const KeyDraft = z.strictObject({
  account_id: AccountId,
  name: KeyName,
  scopes: z.array(Scope).min(1).max(8).default(['inference']),
  policy: KeyPolicy.prefault({}),
  limits: KeyLimits.default({}),
  expires_at: ExpiryTime.nullable().default(null),
})

export const KeyQuery = z.strictObject({ ...pageFields, account_id: AccountId })

export async function createKey(
  deps: KeyDeps,
  draft: z.infer<typeof KeyDraft>,
): Promise<Result<object>> {
  const createdAtMs = deps.nowMs()
  const expiresAtMs = expiryOf(draft.expires_at, createdAtMs)
  if (!expiresAtMs.ok) return expiresAtMs
  const account = await deps.accounts.readAccount(draft.account_id)
  if (!account) return refuse('account_not_found', { param: 'account_id' })
  const fault = scopeFault(draft.scopes, account)
  if (fault) return fault
  const { secret, keyHash } = newSecret(deps)
  const created = await deps.keys.createKey({
    keyId: `key_${deps.ids.ulid(createdAtMs)}`,
    keyHash,
    accountId: draft.account_id,
    name: draft.name,
    status: 'active',
    scopes: [...new Set(draft.scopes)],
    policy: draft.policy,
    ...withLimits(noLimits, draft.limits),
    createdAtMs,
    expiresAtMs: expiresAtMs.value,
  })
  return created ? ok({ ...toWireKey(created, createdAtMs), key: secret }) : refuse(...noRoom)
}

/** Never stored: of a secret only its keyed hash is. */
export function newSecret({ peppers, ids }: Pick<KeyDeps, 'peppers' | 'ids'>) {
  const secret = makeKey('sk-b3iq', peppers, ids)
  const keyHash = hashKey(secret, 'sk-b3iq', peppers)
  assert(keyHash !== undefined, 'a key of ours has a hash')
  return { secret, keyHash }
}

/** Who names customers in a header must be of the operator's own accounts. */
function scopeFault(scopes: readonly Scope[], account: Account) {
  if (!scopes.includes('smoke') || account.smoke) return undefined
  const message = 'scopes: "smoke" is for keys of accounts that are flagged smoke.'
  return refuse('invalid_value', { param: 'scopes', message })
}

export function expiryOf(text: string | null, nowMs: number): Result<number | undefined> {
  if (text === null) return ok(undefined)
  const expiresAtMs = Date.parse(text)
  if (expiresAtMs > nowMs) return ok(expiresAtMs)
  const message = 'expires_at must be in the future: to end a key now, delete it.'
  return refuse('invalid_value', { param: 'expires_at', message })
}

export const noRoom = [
  'state_conflict',
  {
    message: `The account has ${limits.keysWithLimitsPerWallet} keys with limits: revoke one first, or lift all limits of one.`,
  },
] as const

export async function listKeys(
  { keys, accounts, nowMs }: KeyDeps,
  { account_id: accountId, limit, after }: z.infer<typeof KeyQuery>,
): Promise<Result<object>> {
  const [account, all] = await Promise.all([
    accounts.readAccount(accountId),
    keys.listKeys(accountId),
  ])
  if (!account) return refuse('account_not_found', { param: 'account_id' })
  const from = after === undefined ? 0 : all.findIndex((key) => key.keyId === after) + 1
  const items = all.slice(from, from + limit)
  const next = from + limit < all.length ? items.at(-1)?.keyId : undefined
  return ok(toList<CustomerKey>({ items, next }, (key) => toWireKey(key, nowMs())))
}

export async function showKey({ keys, nowMs }: KeyDeps, keyId: string): Promise<Result<object>> {
  const key = await keys.readById(keyId)
  return key ? ok(toWireKey(key, nowMs())) : refuse('key_not_found')
}

/** Paid use of the key, by any of its secrets, has stopped when this returns. */
export async function revokeKey({ keys, nowMs }: KeyDeps, keyId: string): Promise<Result<object>> {
  const key = await keys.readById(keyId)
  if (!key) return refuse('key_not_found')
  if (key.status === 'active') await keys.revokeKey(key)
  return ok(toWireKey({ ...key, status: 'revoked' }, nowMs()))
}
