// Error replies in the shape OpenAI's SDKs read.

import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'

export type EngineError = {
  readonly type: 'invalid_request_error' | 'not_found_error' | 'unavailable_error' | 'server_error'
  readonly code: string
  readonly message: string
  /** The request's field at fault, as a dotted path. */
  readonly param?: string | null
}

export const fail = (c: Context, status: ContentfulStatusCode, error: EngineError) =>
  c.json({ error: { param: null, ...error } }, status)

export const invalid = (c: Context, error: Omit<EngineError, 'type'>) =>
  fail(c, 400, { type: 'invalid_request_error', ...error })

export const unavailable = (c: Context, error: Omit<EngineError, 'type'>) => {
  c.header('retry-after', '1')
  return fail(c, 503, { type: 'unavailable_error', ...error })
}
