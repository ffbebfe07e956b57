/**
 * Replies of all three surfaces. A refusal leaves the domain as a value; here, once, it becomes the
 * error object and the headers that the OpenAI SDKs obey.
 */
import { type ApiError, isRetryable, statusOf, toWireError } from '../protocol/errors.ts'
import { limits } from '../protocol/limits.ts'
import type { Result } from '../protocol/result.ts'

/** `x-should-retry` is on every error; `Retry-After` where waiting helps, a minute at most. */
export function errorResponse(
  error: ApiError,
  requestId: string,
  extraHeaders: Readonly<Record<string, string>> = {},
): Response {
  const headers = new Headers({
    'cache-control': 'no-store',
    'x-request-id': requestId,
    'x-should-retry': String(isRetryable(error)),
    ...extraHeaders,
  })
  if (error.retryAfterSec !== undefined) {
    const seconds = Math.min(Math.ceil(error.retryAfterSec), limits.retryAfterSec)
    headers.set('retry-after', String(seconds))
  }
  const kind = error.detail?.kind
  if (typeof kind === 'string') headers.set('x-b3iq-limit-kind', kind)
  const body = { error: toWireError(error, requestId) }
  return Response.json(body, { status: statusOf(error), headers })
}

/** The value as JSON, or the refusal as its error. */
export function resultResponse(
  result: Result<unknown>,
  requestId: string,
  extraHeaders: Readonly<Record<string, string>> = {},
): Response {
  if (!result.ok) return errorResponse(result.error, requestId)
  const headers = { 'cache-control': 'no-store', 'x-request-id': requestId, ...extraHeaders }
  return Response.json(result.value, { headers })
}
