/**
 * The keys by which the platform pays for what it asks of hosts itself. A refusal to pay rules out what it
 * speaks of and no more: one key at its cap leaves the account's others in use.
 */
import type { NowMs } from '../protocol/clock.ts'
import type { ErrorCode } from '../protocol/errors.ts'
import { type CustomerKey, isUsable, type KeyStore } from './api-key.ts'

export type PlatformKeysDeps = {
  readonly keys: Pick<KeyStore, 'listKeys'>
  /** Whose money pays; undefined until an operator names it. */
  readonly readPlatformAccount: () => Promise<string | undefined>
  readonly nowMs: NowMs
}

/** Keys that may pay; none without an account. */
export async function platformKeys(deps: PlatformKeysDeps): Promise<readonly CustomerKey[]> {
  const accountId = await deps.readPlatformAccount()
  const all = accountId === undefined ? [] : await deps.keys.listKeys(accountId)
  return all.filter((key) => isUsable(key, deps.nowMs()) && key.scopes.includes('inference'))
}

const accountCodes: ReadonlySet<ErrorCode> = new Set([
  'insufficient_balance',
  'no_billing_identity',
  'account_suspended',
])
const keyCodes: ReadonlySet<ErrorCode> = new Set(['invalid_api_key', 'spend_cap_exceeded'])

/** Whether it will be so again: what is refused for the moment is no such refusal. */
export const isRefusalToPay = (code: ErrorCode): boolean =>
  accountCodes.has(code) || keyCodes.has(code)

/** The keys that may still pay once `key` was refused with `code`. */
export function keysAfter(
  keys: readonly CustomerKey[],
  { key, code }: { readonly key: CustomerKey; readonly code: ErrorCode },
): readonly CustomerKey[] {
  if (accountCodes.has(code)) return []
  return keyCodes.has(code) ? keys.filter(({ keyId }) => keyId !== key.keyId) : keys
}
