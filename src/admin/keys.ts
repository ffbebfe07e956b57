/** Customer keys: shown once when made, afterwards known by id alone. */
import * as z from 'zod'
import { isoTime } from '../http/iso-time.ts'
import { type CustomerKey, hashKey, type KeyStore, makeKey, type Peppers } from '../keys/api-key.ts'
import type { Account, AccountStore } from '../ledger/ports.ts'
import { formatUsd, type NanoUsd, parseUsd } from '../money/nano-usd.ts'
import { KeyLimits, KeyPolicy, Scope } from '../protocol/account.ts'
import { assert } from '../protocol/assert.ts'
import type { Ids, NowMs } from '../protocol/clock.ts'
import { AccountId } from '../protocol/ids.ts'
import { limits } from '../protocol/limits.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { pageFields, toList } from './page.ts'

export type KeyDeps = {
  readonly keys: KeyStore
  readonly accounts: Pick<AccountStore, 'readAccount'>
  readonly peppers: Peppers
  readonly ids: Ids
  readonly nowMs: NowMs
}

export const KeyDraft = z.strictObject({
  account_id: AccountId,
  name: z.string().trim().min(1).max(128),
  scopes: z.array(Scope).min(1).max(8).default(['inference']),
  policy: KeyPolicy.prefault({}),
  limits: KeyLimits.default({}),
})

export const KeyQuery = z.strictObject({ ...pageFields, account_id: AccountId })

export async function createKey(
  deps: KeyDeps,
  draft: z.infer<typeof KeyDraft>,
): Promise<Result<object>> {
  const caps = spendCaps(draft.limits)
  if (!caps.ok) return caps
  const createdAtMs = deps.nowMs()
  const secret = makeKey('sk-b3iq', deps.peppers, deps.ids)
  const keyHash = hashKey(secret, 'sk-b3iq', deps.peppers)
  assert(keyHash !== undefined, 'a key of ours has a hash')
  const created = await deps.keys.createKey({
    keyId: `key_${deps.ids.ulid(createdAtMs)}`,
    keyHash,
    accountId: draft.account_id,
    name: draft.name,
    status: 'active',
    scopes: [...new Set(draft.scopes)],
    policy: draft.policy,
    ...caps.value,
    requestsPerMinute: draft.limits.requests_per_minute,
    tokensPerMinute: draft.limits.tokens_per_minute,
    concurrency: draft.limits.concurrency,
    createdAtMs,
  })
  return created
    ? ok({ ...toWireKey(created), key: secret })
    : refusalToCreate(await deps.accounts.readAccount(draft.account_id))
}

function refusalToCreate(account: Account | undefined) {
  if (!account) return refuse('account_not_found', { param: 'account_id' })
  return refuse('state_conflict', {
    message: `The account has ${limits.cappedKeysPerWallet} keys with limits: revoke one first.`,
  })
}

export async function listKeys(
  { keys, accounts }: KeyDeps,
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
  return ok(toList({ items, next }, toWireKey))
}

export async function showKey({ keys }: KeyDeps, keyId: string): Promise<Result<object>> {
  const key = await keys.readById(keyId)
  return key ? ok(toWireKey(key)) : refuse('key_not_found')
}

/** Paid use of the key has stopped when this returns. */
export async function revokeKey({ keys }: KeyDeps, keyId: string): Promise<Result<object>> {
  const key = await keys.readById(keyId)
  if (!key) return refuse('key_not_found')
  if (key.status === 'active') await keys.revokeKey(key)
  return ok(toWireKey({ ...key, status: 'revoked' }))
}

type SpendCaps = Pick<CustomerKey, 'spendPerDay' | 'spendPerMonth'>

function spendCaps(draft: KeyLimits): Result<SpendCaps> {
  const perDay = capOf(draft, 'spend_usd_per_day')
  if (!perDay.ok) return perDay
  const perMonth = capOf(draft, 'spend_usd_per_month')
  if (!perMonth.ok) return perMonth
  return ok({ spendPerDay: perDay.value, spendPerMonth: perMonth.value })
}

function capOf(
  draft: KeyLimits,
  field: 'spend_usd_per_day' | 'spend_usd_per_month',
): Result<NanoUsd | undefined> {
  const usd = draft[field]
  const cap = usd === undefined ? undefined : parseUsd(usd)
  if (usd === undefined || cap !== undefined) return ok(cap)
  const param = `limits.${field}`
  return refuse('invalid_value', { param, message: `${param} must be a decimal USD string.` })
}

function toWireKey(key: CustomerKey) {
  const { spendPerDay, spendPerMonth } = key
  return {
    object: 'key',
    id: key.keyId,
    account_id: key.accountId,
    name: key.name,
    status: key.status,
    scopes: key.scopes,
    policy: key.policy,
    limits: {
      spend_usd_per_day: spendPerDay === undefined ? null : formatUsd(spendPerDay),
      spend_usd_per_month: spendPerMonth === undefined ? null : formatUsd(spendPerMonth),
      requests_per_minute: key.requestsPerMinute ?? null,
      tokens_per_minute: key.tokensPerMinute ?? null,
      concurrency: key.concurrency ?? null,
    },
    created_at: isoTime(key.createdAtMs),
  }
}
