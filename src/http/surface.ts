/**
 * What every HTTP surface does around its routes: a request id, JSON for unknown paths and methods,
 * and one place where a bug becomes `internal_error` without telling what was sent or where.
 */
import type { Hono } from 'hono'
import { HonoBase } from 'hono/hono-base'
import { methodNotAllowed } from 'hono/method-not-allowed'
import { TrieRouter } from 'hono/router/trie-router'
import type { Ids, NowMs } from '../protocol/clock.ts'
import type { LogEvent } from './log-events.ts'
import { errorResponse } from './respond.ts'

/** One structured line. Callers pass ids and codes, never bodies. */
export type Log = (event: LogEvent, fields: Readonly<Record<string, unknown>>) => void

export type SurfaceDeps = {
  readonly nowMs: NowMs
  readonly ids: Pick<Ids, 'ulid'>
  readonly log: Log
}

export type SurfaceEnv = { Variables: { requestId: string } }

const logTextMax = 2_000

export function makeSurface({ nowMs, ids, log }: SurfaceDeps): Hono<SurfaceEnv> {
  // The router that methods are looked up with as well; Hono's default brings a second and a third.
  const app = new HonoBase<SurfaceEnv>({ router: new TrieRouter() })
  app.use(async (c, next) => {
    c.set('requestId', ids.ulid(nowMs()))
    await next()
  })
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, methods) =>
        errorResponse({ code: 'method_not_allowed' }, c.get('requestId'), {
          allow: methods.join(', '),
        }),
    }),
  )
  app.notFound((c) => errorResponse({ code: 'not_found' }, c.get('requestId')))
  app.onError((error, c) => {
    const requestId = c.get('requestId')
    log('request_failed', { requestId, method: c.req.method, path: c.req.path, ...faultOf(error) })
    return errorResponse({ code: 'internal_error' }, requestId)
  })
  return app
}

/** A parser's message quotes its input, which may be a body; only where it was thrown is kept. */
export function faultOf(thrown: unknown) {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  return {
    fault: error.name,
    ...(error instanceof SyntaxError ? {} : { message: error.message.slice(0, logTextMax) }),
    stack: frames.join('\n').slice(0, logTextMax),
  }
}
