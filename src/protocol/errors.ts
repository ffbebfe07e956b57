/**
 * Every error that any surface answers: one row per code. A code is a promise to clients, so rows
 * are added and never renamed. Messages hold no internals; details that help go in the error's
 * own fields.
 */

type OpenAiErrorType =
  | 'invalid_request_error'
  | 'authentication_error'
  | 'insufficient_quota'
  | 'permission_error'
  | 'not_found_error'
  | 'conflict'
  | 'rate_limit_error'
  | 'server_error'

type ErrorRow = {
  readonly status: number
  readonly type: OpenAiErrorType
  /** Whether the same request may succeed later; sent as `x-should-retry`. */
  readonly retryable: boolean
  readonly message: string
}

const invalid = (status: number, message: string) =>
  ({ status, type: 'invalid_request_error', retryable: false, message }) as const
const denied = (message: string) =>
  ({ status: 403, type: 'permission_error', retryable: false, message }) as const
const unsigned = (message: string) =>
  ({ status: 401, type: 'authentication_error', retryable: false, message }) as const
const missing = (message: string) =>
  ({ status: 404, type: 'not_found_error', retryable: false, message }) as const
const unavailable = (message: string) =>
  ({ status: 503, type: 'server_error', retryable: true, message }) as const

export const errorTable = {
  invalid_json: invalid(400, 'The request body is not valid JSON.'),
  missing_required_parameter: invalid(400, 'A required parameter is missing.'),
  invalid_value: invalid(400, 'A parameter has an invalid value.'),
  unsupported_parameter: invalid(400, 'A parameter is not supported by any eligible host.'),
  context_length_exceeded: invalid(400, "The request does not fit the model's context length."),
  customer_header_not_allowed: invalid(400, 'This key may not name a customer in a header.'),
  quote_expired: invalid(400, 'The quote has expired: ask for a new one.'),
  quote_mismatch: invalid(400, 'The request does not match its quote.'),
  invalid_api_key: {
    status: 401,
    type: 'invalid_request_error',
    retryable: false,
    message: 'The API key is missing or not valid. Send it as "Authorization: Bearer <key>".',
  },
  insufficient_balance: {
    status: 402,
    type: 'insufficient_quota',
    retryable: false,
    message: 'The balance does not cover this request: top up or lower max_tokens.',
  },
  missing_scope: denied('This key lacks the scope for this endpoint.'),
  no_billing_identity: denied('This key belongs to no customer account.'),
  model_not_allowed: denied('This key may not call this model.'),
  route_tier_not_allowed: denied('This key may not use the route tiers that serve this model.'),
  max_price_unmet: denied('No listed price of this model fits the maximum price.'),
  spend_cap_exceeded: denied('The spend cap of this key is reached.'),
  account_suspended: denied('The account is suspended.'),
  model_not_found: missing('No such model is on sale. GET /v1/models lists those that are.'),
  receipt_not_found: missing('No receipt has this hash.'),
  request_not_found: missing('No request has this id.'),
  not_found: missing('There is nothing at this path.'),
  method_not_allowed: invalid(405, 'This path does not answer this method.'),
  request_timeout: {
    status: 408,
    type: 'invalid_request_error',
    retryable: true,
    message: 'The request body did not arrive in time.',
  },
  request_too_large: invalid(413, 'The request body is larger than 4 MB.'),
  unsupported_media_type: invalid(415, 'Send the body as application/json.'),
  request_cancelled: {
    status: 409,
    type: 'conflict',
    retryable: false,
    message: 'The request was cancelled by its id before there was an answer.',
  },
  idempotency_in_progress: {
    status: 409,
    type: 'conflict',
    retryable: true,
    message: 'A request with this idempotency key is still running.',
  },
  idempotency_completed: {
    status: 409,
    type: 'conflict',
    retryable: false,
    message: 'A request with this idempotency key has completed; its receipt is named here.',
  },
  already_finished: {
    status: 409,
    type: 'conflict',
    retryable: false,
    message: 'The request has already finished.',
  },
  idempotency_key_reused: invalid(422, 'This idempotency key was used for another request.'),
  rate_limit_exceeded: {
    status: 429,
    type: 'rate_limit_error',
    retryable: true,
    message: 'A rate limit of this key is reached: wait and retry.',
  },
  inflight_budget_exhausted: {
    status: 429,
    type: 'insufficient_quota',
    retryable: true,
    message: 'The balance is held by running requests: retry when one of them has ended.',
  },
  internal_error: {
    status: 500,
    type: 'server_error',
    retryable: true,
    message: 'The gateway failed. Nothing is charged for work that was not delivered.',
  },
  upstream_error: {
    status: 502,
    type: 'server_error',
    retryable: true,
    message: 'The hosts that were asked failed to answer.',
  },
  upstream_timeout: {
    status: 504,
    type: 'server_error',
    retryable: true,
    message: 'The hosts that were asked did not answer in time.',
  },
  no_eligible_host: unavailable('No host is eligible for this request at present.'),
  capacity_exhausted: unavailable('Every eligible host is busy: retry shortly.'),
  ledger_unavailable: unavailable('The ledger cannot be reached; nothing was dispatched.'),
  incident_paused: unavailable('This route is paused by an incident control.'),

  // Ingest: answers to hosts.
  clock_skew: unsigned('The signature time is too far from the server time given here.'),
  bad_signature: unsigned('The signature does not verify over this request.'),
  unknown_node: unsigned('No node is enrolled under this id.'),
  node_revoked: denied('The node is suspended, retired or banned.'),
  seq_replay: {
    status: 409,
    type: 'conflict',
    retryable: false,
    message: 'The sequence number is not above the last one, which is given here.',
  },
  pending_approval: denied('The node waits for approval by the operator.'),
  cloned_identity: denied('Two boots of this identity beat at once; the node is suspended.'),
  join_code_invalid: denied('The join code is unknown, used or expired: ask for a new one.'),
  public_key_rejected: invalid(400, 'The public key is not a canonical Ed25519 key.'),
  key_bound_elsewhere: {
    status: 409,
    type: 'conflict',
    retryable: false,
    message: 'This key is already enrolled by another owner.',
  },
  instance_rejected: denied('The identity is not that of an instance that this stage launched.'),
  instance_bound: {
    status: 409,
    type: 'conflict',
    retryable: false,
    message: 'This instance is enrolled as another node: replace the instance.',
  },
  identity_unavailable: unavailable('STS gave no answer about this identity: retry shortly.'),
  route_rejected: invalid(400, 'The route is not one that this stage may call.'),
  enrolment_limit: {
    status: 429,
    type: 'rate_limit_error',
    retryable: true,
    message: 'This owner has enrolled 10 nodes within the hour: go on in the next one.',
  },
  ingest_busy: unavailable('Too many hosts call at once; nothing was judged: retry shortly.'),

  // Admin: answers to operators.
  invalid_operator_key: unsigned('The operator key is missing or not valid.'),
  missing_role: denied('The role of this operator key does not allow this.'),
  already_bootstrapped: {
    status: 409,
    type: 'conflict',
    retryable: false,
    message: 'The first owner key was already made.',
  },
  reference_reused: {
    status: 409,
    type: 'conflict',
    retryable: false,
    message: 'This reference was used for another amount or account.',
  },
  refund_exceeds_charge: {
    status: 409,
    type: 'conflict',
    retryable: false,
    message: 'The refunds of this charge together would exceed it.',
  },
  host_balance_too_low: {
    status: 409,
    type: 'conflict',
    retryable: false,
    message: 'The host cannot bear this refund: let the platform bear it.',
  },
  second_operator_required: denied('The operator who asked for an adjustment cannot approve it.'),
  account_not_found: missing('No account has this id.'),
  key_not_found: missing('No key has this id.'),
  adjustment_not_found: missing('No adjustment has this reference.'),
  payout_not_found: missing('No payout was closed for this node and period.'),
  node_not_found: missing('No node has this id.'),
  job_not_found: missing('No job has this id.'),
  rollout_not_found: missing('No rollout has this id.'),
  incident_not_found: missing('No incident has this id.'),
  audit_record_not_found: missing('No audit record has this id.'),
  state_conflict: {
    status: 409,
    type: 'conflict',
    retryable: false,
    message: 'The current state does not allow this change.',
  },
} as const satisfies Readonly<Record<string, ErrorRow>>

export type ErrorCode = keyof typeof errorTable

/** What a surface answers when it refuses: a value, never thrown through the domain. */
export type ApiError = {
  readonly code: ErrorCode
  readonly message?: string
  readonly param?: string
  readonly retryAfterSec?: number
  /** Where it differs from what the code says of most cases. */
  readonly retryable?: boolean
  /** Further public fields of the error object, by the contract of the code. */
  readonly detail?: Readonly<Record<string, unknown>>
}

export type WireError = {
  readonly message: string
  readonly type: OpenAiErrorType
  readonly param: string | null
  readonly code: ErrorCode
  readonly request_id: string
  readonly retryable: boolean
  readonly retry_after_seconds?: number
  readonly [detail: string]: unknown
}

/** The `error` object as clients read it. */
export function toWireError(error: ApiError, requestId: string): WireError {
  const row = errorTable[error.code]
  return {
    ...error.detail,
    message: error.message ?? row.message,
    type: row.type,
    param: error.param ?? null,
    code: error.code,
    request_id: requestId,
    retryable: isRetryable(error),
    ...(error.retryAfterSec === undefined ? {} : { retry_after_seconds: error.retryAfterSec }),
  }
}

export const isRetryable = ({ code, retryable }: ApiError): boolean =>
  retryable ?? errorTable[code].retryable

export function statusOf(error: ApiError): number {
  return errorTable[error.code].status
}
