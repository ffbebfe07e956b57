/** Which errors come together, so that a row of the table names a kind of endpoint. */
import type { ErrorCode } from '../../protocol/errors.ts'

type Codes = readonly ErrorCode[]

/** Whatever the path, a fault of ours. */
export const always: Codes = ['internal_error']

export const keyed: Codes = [...always, 'invalid_api_key', 'customer_header_not_allowed']
export const scoped: Codes = [...keyed, 'missing_scope']

/** Of a JSON body. */
export const bodied: Codes = [
  'invalid_json',
  'missing_required_parameter',
  'invalid_value',
  'request_timeout',
  'request_too_large',
  'unsupported_media_type',
]

/** Of the key's limits and caps, and of the balance. */
export const ofLimits: Codes = [
  'rate_limit_exceeded',
  'inflight_budget_exhausted',
  'spend_cap_exceeded',
  'insufficient_balance',
]

/** Of a request that takes a hold and asks hosts. */
export const paid: Codes = [
  ...scoped,
  ...bodied,
  ...ofLimits,
  'unsupported_parameter',
  'context_length_exceeded',
  'no_billing_identity',
  'model_not_allowed',
  'route_tier_not_allowed',
  'max_price_unmet',
  'account_suspended',
  'model_not_found',
  'request_cancelled',
  'idempotency_in_progress',
  'idempotency_completed',
  'idempotency_key_reused',
  'upstream_error',
  'upstream_timeout',
  'no_eligible_host',
  'capacity_exhausted',
  'incident_paused',
  'ledger_unavailable',
  'quote_expired',
  'quote_mismatch',
]
