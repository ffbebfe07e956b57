/** A key as operators see it: everything but its secrets. */
import { isoTime } from '../http/iso-time.ts'
import { type CustomerKey, isUsable } from '../keys/api-key.ts'
import { toWireLimits } from './key-limits.ts'

export function toWireKey(key: CustomerKey, nowMs: number) {
  const { expiresAtMs, previousSecretUntilMs: previousUntilMs } = key
  const isExpired = key.status === 'active' && !isUsable(key, nowMs)
  const keepsPrevious = previousUntilMs !== undefined && nowMs < previousUntilMs
  return {
    object: 'key',
    id: key.keyId,
    account_id: key.accountId,
    name: key.name,
    status: isExpired ? 'expired' : key.status,
    scopes: key.scopes,
    policy: key.policy,
    limits: toWireLimits(key),
    expires_at: expiresAtMs === undefined ? null : isoTime(expiresAtMs),
    previous_secret_valid_until: keepsPrevious ? isoTime(previousUntilMs) : null,
    created_at: isoTime(key.createdAtMs),
  }
}
