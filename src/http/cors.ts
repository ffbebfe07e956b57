/**
 * Answers browsers of any origin. The library's middleware is asked for preflights alone: on every other reply
 * it makes the response anew around its body, which costs a stream for what was a string.
 */
import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'

const preflightMaxAgeSec = 600

export function allowBrowsers(exposedHeaders: readonly string[]): MiddlewareHandler {
  const preflight = cors({
    origin: '*',
    exposeHeaders: [...exposedHeaders],
    maxAge: preflightMaxAgeSec,
  })
  const exposed = exposedHeaders.join(',')
  return async (c, next) => {
    if (c.req.method === 'OPTIONS') return preflight(c, next)
    await next()
    c.res.headers.set('access-control-allow-origin', '*')
    c.res.headers.set('access-control-expose-headers', exposed)
    return undefined
  }
}
