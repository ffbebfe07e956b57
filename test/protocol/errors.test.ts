import { describe, expect, test } from 'vitest'
import {
  type ApiError,
  type ErrorCode,
  errorTable,
  statusOf,
  toWireError,
} from '../../src/protocol/errors.ts'

/** What customers were promised: a code never moves to another status. */
const promised: Readonly<Record<number, readonly ErrorCode[]>> = {
  400: [
    'invalid_json',
    'missing_required_parameter',
    'invalid_value',
    'unsupported_parameter',
    'context_length_exceeded',
    'customer_header_not_allowed',
    'quote_expired',
    'quote_mismatch',
  ],
  401: ['invalid_api_key'],
  402: ['insufficient_balance'],
  403: [
    'missing_scope',
    'no_billing_identity',
    'model_not_allowed',
    'route_tier_not_allowed',
    'max_price_unmet',
    'spend_cap_exceeded',
    'account_suspended',
  ],
  404: ['model_not_found', 'receipt_not_found', 'request_not_found', 'not_found'],
  405: ['method_not_allowed'],
  408: ['request_timeout'],
  409: ['idempotency_in_progress', 'idempotency_completed', 'already_finished'],
  413: ['request_too_large'],
  415: ['unsupported_media_type'],
  422: ['idempotency_key_reused'],
  429: ['rate_limit_exceeded', 'inflight_budget_exhausted'],
  500: ['internal_error'],
  502: ['upstream_error'],
  503: ['no_eligible_host', 'capacity_exhausted', 'ledger_unavailable', 'incident_paused'],
  504: ['upstream_timeout'],
}

const codes = Object.entries(promised).flatMap(([status, some]) =>
  some.map((code) => [code, Number(status)] as const),
)
const rows = Object.entries(errorTable)

test.each(codes)('%s is %i', (code, status) => {
  expect(statusOf({ code })).toBe(status)
})

describe('every row', () => {
  test.each(rows)('%s is a snake_case code with a sentence', (code, { message }) => {
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/)
    expect(message).toMatch(/^[A-Z].*\.$/)
    expect(message).not.toMatch(/dynamo|lambda|aws|undefined|\bnull\b/i)
  })

  test.each(rows)('%s has the type that its status means to OpenAI clients', (_, row) => {
    const { status, type } = row
    const usual: Readonly<Record<number, readonly string[]>> = {
      401: ['authentication_error', 'invalid_request_error'],
      402: ['insufficient_quota'],
      403: ['permission_error'],
      404: ['not_found_error'],
      409: ['conflict'],
      429: ['rate_limit_error', 'insufficient_quota'],
    }
    const rest = status >= 500 ? ['server_error'] : ['invalid_request_error']
    expect(usual[status] ?? rest).toContain(type)
  })

  test.each(rows)('%s may be retried when waiting can help, and only then', (code, row) => {
    const helps = row.status >= 500 || row.status === 408 || row.status === 429
    expect(row.retryable).toBe(helps || code === 'idempotency_in_progress')
  })
})

describe('on the wire', () => {
  const wire = (error: ApiError) => toWireError(error, 'REQ')

  test('an error is its row', () => {
    expect(wire({ code: 'model_not_found' })).toEqual({
      message: errorTable.model_not_found.message,
      type: 'not_found_error',
      param: null,
      code: 'model_not_found',
      request_id: 'REQ',
      retryable: false,
    })
  })

  test('with what is known of this one', () => {
    const error: ApiError = {
      code: 'rate_limit_exceeded',
      message: 'Slower.',
      param: 'model',
      retryAfterSec: 7,
      detail: { kind: 'rpm' },
    }
    expect(wire(error)).toEqual({
      message: 'Slower.',
      type: 'rate_limit_error',
      param: 'model',
      code: 'rate_limit_exceeded',
      request_id: 'REQ',
      retryable: true,
      retry_after_seconds: 7,
      kind: 'rpm',
    })
  })

  test('no detail can pass for the error itself', () => {
    const detail = { code: 'x', message: 'x', type: 'x', request_id: 'x', retryable: false }
    expect(wire({ code: 'internal_error', detail })).toEqual(wire({ code: 'internal_error' }))
  })
})
