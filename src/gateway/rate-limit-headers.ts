/** Limits per minute as OpenAI's clients read them, by what the reserve itself saw. */
import type { CustomerKey } from '../keys/api-key.ts'
import { limitsNow } from '../keys/key-caps.ts'
import type { SeenCounters } from '../ledger/reserve.ts'
import { durationMs } from '../protocol/clock.ts'

const units = { rpm: 'requests', tpm: 'tokens' } as const

/** Without `remaining` where nobody counted; empty for a key without limits of this kind. */
export function rateLimitHeaders(
  key: CustomerKey,
  counters: SeenCounters,
  { startedAtMs, nowMs }: { readonly startedAtMs: number; readonly nowMs: number },
): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const { kind, cap, remaining, resetsAtMs } of limitsNow(key, counters, startedAtMs)) {
    if (cap === undefined || resetsAtMs === undefined || (kind !== 'rpm' && kind !== 'tpm'))
      continue
    const unit = units[kind]
    headers[`x-ratelimit-limit-${unit}`] = String(cap)
    if (remaining !== undefined) headers[`x-ratelimit-remaining-${unit}`] = String(remaining)
    headers[`x-ratelimit-reset-${unit}`] = toDuration(durationMs(nowMs, resetsAtMs))
  }
  return headers
}

/** `6m0s`, `59s`, as OpenAI writes them. */
export function toDuration(ms: number): string {
  const seconds = Math.ceil(ms / 1000)
  const minutes = Math.floor(seconds / 60)
  return minutes === 0 ? `${seconds}s` : `${minutes}m${seconds % 60}s`
}
