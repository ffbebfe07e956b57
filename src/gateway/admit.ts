/** Who calls, and whether the key's scopes and policy allow it. */
import { bearerToken, type CustomerKey, hashKey, isUsable, type Peppers } from '../keys/api-key.ts'
import { matchesPattern } from '../keys/model-pattern.ts'
import type { Scope } from '../protocol/account.ts'
import type { NowMs } from '../protocol/clock.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import type { FreshCache } from './fresh-cache.ts'
import { asCustomer, customerHeader, customerNotAllowed, type SmokeDeps } from './smoke.ts'

export type AdmitDeps = SmokeDeps & {
  readonly peppers: Peppers
  /** By key hash; a few seconds old at most. */
  readonly keys: FreshCache<CustomerKey>
  readonly nowMs: NowMs
}

/** A smoke key comes back as the key of the customer that it names. */
export async function admit(
  deps: AdmitDeps,
  headers: Headers,
  scope: Scope,
): Promise<Result<CustomerKey>> {
  const key = await identify(deps, headers)
  if (!key) return refuse('invalid_api_key')
  const customer = headers.get(customerHeader)
  // What a customer has and owes is nobody else's to read.
  if (customer !== null && scope === 'inference') return asCustomer(deps, key, customer)
  if (customer !== null) return customerNotAllowed
  const isGranted = key.scopes.includes(scope) || (scope === 'inference' && isSmokeKey(key))
  return isGranted ? ok(key) : refuse('missing_scope', { detail: { scope } })
}

/** With any key, whatever its scopes are. */
export async function admitAny(deps: AdmitDeps, headers: Headers): Promise<Result<CustomerKey>> {
  const key = await identify(deps, headers)
  if (!key) return refuse('invalid_api_key')
  return headers.has(customerHeader) ? customerNotAllowed : ok(key)
}

const isSmokeKey = ({ scopes }: CustomerKey): boolean => scopes.includes('smoke')

/** Undefined for a missing, malformed, unknown, revoked or expired key: no difference is shown. */
export async function identify(
  deps: AdmitDeps,
  headers: Headers,
): Promise<CustomerKey | undefined> {
  const token = bearerToken(headers.get('authorization') ?? undefined)
  const hash = token === undefined ? undefined : hashKey(token, 'sk-b3iq', deps.peppers)
  const key = hash === undefined ? undefined : await deps.keys(hash)
  return key && isUsable(key, deps.nowMs()) ? key : undefined
}

/** What is denied is denied, also where it is allowed as well. */
export function allowsModel({ policy }: Pick<CustomerKey, 'policy'>, model: string): boolean {
  const { models_allowed: allowed, models_denied: denied = [] } = policy
  const isNamedIn = (patterns: readonly string[]) =>
    patterns.some((pattern) => matchesPattern(pattern, model))
  return !isNamedIn(denied) && (allowed === undefined || isNamedIn(allowed))
}
