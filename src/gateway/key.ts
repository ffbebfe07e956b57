/** `GET /v1/key`: what the calling key may do, how much of its limits is used, and when they begin anew. */
import { isoTime } from '../http/iso-time.ts'
import type { CustomerKey } from '../keys/api-key.ts'
import { type LimitNow, limitsNow } from '../keys/key-caps.ts'
import type { LimitKind } from '../ledger/counters.ts'
import type { SweepStore } from '../ledger/ports.ts'
import type { Wallet } from '../ledger/wallet.ts'
import { formatUsd } from '../money/nano-usd.ts'
import type { NowMs } from '../protocol/clock.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { rateLimitHeaders } from './rate-limit-headers.ts'

export type ShowKeyDeps = {
  readonly wallets: Pick<SweepStore, 'readWallet'>
  readonly nowMs: NowMs
}

export type ShownKey = { readonly body: object; readonly headers: Record<string, string> }

/** The wallet knows at once of a key that was revoked or replaced, and of an account that is suspended. */
export async function showKey(deps: ShowKeyDeps, key: CustomerKey): Promise<Result<ShownKey>> {
  const wallet = await deps.wallets.readWallet(key.accountId)
  if (!wallet) return refuse('no_billing_identity')
  if (isStopped(wallet, key)) return refuse('invalid_api_key')
  const nowMs = deps.nowMs()
  const now = limitsNow(key, wallet.counters, nowMs)
  const limitOf = (kind: LimitKind) => now.find((limit) => limit.kind === kind)
  const { expiresAtMs } = key
  const body = {
    object: 'key',
    id: key.keyId,
    account_id: key.accountId,
    account_status: wallet.status,
    name: key.name,
    scopes: key.scopes,
    policy: key.policy,
    limits: {
      spend_usd_per_day: toWireLimit(limitOf('spend_day'), formatUsd),
      spend_usd_per_month: toWireLimit(limitOf('spend_month'), formatUsd),
      requests_per_minute: toWireLimit(limitOf('rpm'), Number),
      tokens_per_minute: toWireLimit(limitOf('tpm'), Number),
      concurrency: toWireLimit(limitOf('concurrency'), Number),
    },
    usage: {
      today_usd: toSpent(limitOf('spend_day')),
      month_usd: toSpent(limitOf('spend_month')),
    },
    expires_at: expiresAtMs === undefined ? null : isoTime(expiresAtMs),
    created_at: isoTime(key.createdAtMs),
  }
  const headers = rateLimitHeaders(key, wallet.counters, { startedAtMs: nowMs, nowMs })
  return ok({ body, headers })
}

function isStopped(wallet: Wallet, { ordinal, secret }: CustomerKey): boolean {
  const isReplaced = secret < (wallet.oldestSecrets.get(ordinal) ?? 0)
  return isReplaced || wallet.revokedKeyOrdinals.has(ordinal)
}

/** Null without such a limit. */
function toWireLimit<T>(limit: LimitNow | undefined, toWire: (value: bigint) => T) {
  const { cap, used, remaining, resetsAtMs } = limit ?? {}
  if (cap === undefined || used === undefined || remaining === undefined) return null
  return {
    limit: toWire(cap),
    used: toWire(used),
    remaining: toWire(remaining),
    resets_at: resetsAtMs === undefined ? null : isoTime(resetsAtMs),
  }
}

/** Held money counts. Null for a key that never had a limit: its spend is not counted apart. */
const toSpent = (limit: LimitNow | undefined): string | null =>
  limit?.used === undefined ? null : formatUsd(limit.used)
