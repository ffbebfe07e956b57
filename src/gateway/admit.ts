/** Who calls, and whether the key's scopes and policy allow it. */
import { bearerToken, type CustomerKey, hashKey, type Peppers } from '../keys/api-key.ts'
import type { Scope } from '../protocol/account.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import type { FreshCache } from './fresh-cache.ts'

export type AdmitDeps = {
  readonly peppers: Peppers
  /** By key hash; a few seconds old at most. */
  readonly keys: FreshCache<CustomerKey>
}

export async function admit(
  deps: AdmitDeps,
  headers: Headers,
  scope: Scope,
): Promise<Result<CustomerKey>> {
  const key = await identify(deps, headers)
  if (!key) return refuse('invalid_api_key')
  if (headers.has('x-b3iq-customer')) {
    return refuse('customer_header_not_allowed', { param: 'X-B3IQ-Customer' })
  }
  if (!key.scopes.includes(scope)) return refuse('missing_scope', { detail: { scope } })
  return ok(key)
}

/** Undefined for a missing, malformed, unknown or revoked key: no difference is shown. */
export async function identify(
  deps: AdmitDeps,
  headers: Headers,
): Promise<CustomerKey | undefined> {
  const token = bearerToken(headers.get('authorization') ?? undefined)
  const hash = token === undefined ? undefined : hashKey(token, 'sk-b3iq', deps.peppers)
  const key = hash === undefined ? undefined : await deps.keys(hash)
  return key?.status === 'active' ? key : undefined
}

/** An entry may end in `*`: `maker/*` allows all of a maker's models. */
export function allowsModel(key: CustomerKey, model: string): boolean {
  const { models_allowed: allowed } = key.policy
  return (
    allowed === undefined ||
    allowed.some((one) => (one.endsWith('*') ? model.startsWith(one.slice(0, -1)) : model === one))
  )
}
