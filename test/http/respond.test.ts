import { describe, expect, test } from 'vitest'
import { errorResponse, resultResponse } from '../../src/http/respond.ts'
import { ok, refuse } from '../../src/protocol/result.ts'

describe('an error response', () => {
  test('carries the wire error and names its request', async () => {
    const response = errorResponse({ code: 'model_not_found', param: 'model' }, 'req-1')
    expect(response.status).toBe(404)
    expect(response.headers.get('x-request-id')).toBe('req-1')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(await response.json()).toEqual({
      error: {
        message: 'No such model is on sale. GET /v1/models lists those that are.',
        type: 'not_found_error',
        param: 'model',
        code: 'model_not_found',
        request_id: 'req-1',
        retryable: false,
      },
    })
  })

  test.each([
    ['capacity_exhausted', 'true'],
    ['invalid_api_key', 'false'],
  ] as const)('tells SDKs whether to retry: %s %s', (code, shouldRetry) => {
    const { headers } = errorResponse({ code }, 'req-1')
    expect(headers.get('x-should-retry')).toBe(shouldRetry)
  })

  test.each([
    [0.2, '1'],
    [15, '15'],
    [600, '60'],
  ])('asks to wait whole seconds, a minute at most: %d → %s', (retryAfterSec, expected) => {
    const { headers } = errorResponse({ code: 'capacity_exhausted', retryAfterSec }, 'req-1')
    expect(headers.get('retry-after')).toBe(expected)
  })

  test('asks for no wait where waiting helps nothing', () => {
    expect(errorResponse({ code: 'invalid_json' }, 'req-1').headers.has('retry-after')).toBe(false)
  })

  test('names the limit that was reached', () => {
    const error = { code: 'rate_limit_exceeded', detail: { kind: 'rpm' } } as const
    expect(errorResponse(error, 'req-1').headers.get('x-b3iq-limit-kind')).toBe('rpm')
  })
})

describe('a result as a response', () => {
  test('is its value', async () => {
    const response = resultResponse(ok({ a: 1 }), 'req-1')
    expect(response.status).toBe(200)
    expect(response.headers.get('x-request-id')).toBe('req-1')
    expect(await response.json()).toEqual({ a: 1 })
  })

  test('is its error', () => {
    expect(resultResponse(refuse('account_not_found'), 'req-1').status).toBe(404)
  })
})
