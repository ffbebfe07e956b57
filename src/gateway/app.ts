/**
 * The `/v1` surface: its routes and the headers of all of them. Paid requests have their own file, and so has
 * what is asked beside them; decisions live in the use cases.
 */
import type { Context, Hono } from 'hono'
import { allowBrowsers } from '../http/cors.ts'
import { resultResponse } from '../http/respond.ts'
import { makeSurface, type SurfaceEnv } from '../http/surface.ts'
import { ok } from '../protocol/result.ts'
import type { GatewayDeps } from './deps.ts'
import { serveInference } from './inference.ts'
import { paidEndpoints } from './paid-endpoints.ts'
import { replyHeaderNames } from './reply-header-names.ts'
import type { unpaidRoutes } from './unpaid-routes.ts'

export function makeGatewayApp(deps: GatewayDeps): Hono<SurfaceEnv> {
  const app = makeSurface(deps)
  app.use(allowBrowsers(replyHeaderNames))

  app.get('/healthz', (c) => c.json({ status: 'ok' }))
  app.get('/.well-known/b3iq/keys.json', (c) =>
    resultResponse(ok(deps.publishedKeys), c.get('requestId')),
  )

  app.get('/v1/openapi.json', async (c) => {
    const headers = { 'x-request-id': c.get('requestId'), 'cache-control': 'public, max-age=300' }
    return c.body(await deps.readOpenApi(), 200, { ...headers, 'content-type': 'application/json' })
  })

  for (const endpoint of paidEndpoints) {
    app.post(endpoint.path, (c) =>
      serveInference(deps, c.req.raw, { requestId: c.get('requestId'), endpoint }),
    )
  }

  const unpaid = (name: keyof typeof unpaidRoutes) => async (c: Context<SurfaceEnv>) => {
    const { unpaidRoutes } = await import('./unpaid-routes.ts')
    return unpaidRoutes[name](deps, c)
  }
  app.get('/v1/models', unpaid('listModels'))
  app.get('/v1/models/:id{.+}', unpaid('showModel'))
  app.post('/v1/account/quote', unpaid('makeQuote'))
  app.post('/v1/requests/:id/cancel', unpaid('cancelRequest'))
  app.get('/v1/key', unpaid('showKey'))
  app.get('/v1/billing/policy', unpaid('showPolicy'))
  app.get('/v1/billing/account', unpaid('showAccount'))
  app.get('/v1/billing/usage', unpaid('listUsage'))
  app.get('/v1/receipts/:hash', unpaid('showReceipt'))
  return app
}
