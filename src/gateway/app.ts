/** The `/v1` surface: routes, headers, who may call what. Decisions live in the use cases. */
import type { Hono } from 'hono'
import { cors } from 'hono/cors'
import type { PublicCatalogue } from '../fleet/ports.ts'
import { checkValue } from '../http/read-json.ts'
import { errorResponse, resultResponse } from '../http/respond.ts'
import { makeSurface, type SurfaceEnv } from '../http/surface.ts'
import { ok } from '../protocol/result.ts'
import { admit, admitAny, identify } from './admit.ts'
import { listUsage, showAccount, toCsv, toNdjson } from './billing.ts'
import { billingPolicy } from './billing-policy.ts'
import { cancelRequest } from './cancel-request.ts'
import type { GatewayDeps } from './deps.ts'
import { serveInference } from './inference.ts'
import { showKey } from './key.ts'
import { listModels, showModel } from './models.ts'
import { paidEndpoints } from './paid-endpoints.ts'
import { makeQuote } from './quote.ts'
import { viewReceipt } from './receipts.ts'
import { replyHeaderNames } from './reply-header-names.ts'
import { pageAndFilter, UsageQuery } from './usage-query.ts'

export function makeGatewayApp(deps: GatewayDeps): Hono<SurfaceEnv> {
  const app = makeSurface(deps)
  app.use(cors({ origin: '*', exposeHeaders: [...replyHeaderNames], maxAge: 600 }))

  app.get('/healthz', (c) => c.json({ status: 'ok' }))
  app.get('/.well-known/b3iq/keys.json', (c) =>
    resultResponse(ok(deps.publishedKeys), c.get('requestId')),
  )

  app.get('/v1/openapi.json', async (c) => {
    const headers = { 'x-request-id': c.get('requestId'), 'cache-control': 'public, max-age=300' }
    return c.body(await deps.readOpenApi(), 200, { ...headers, 'content-type': 'application/json' })
  })

  app.get('/v1/models', async (c) => {
    const [catalogue, key] = await visibleTo(deps, c.req.raw.headers)
    return resultResponse(ok(listModels(catalogue, key)), c.get('requestId'))
  })
  app.get('/v1/models/:id{.+}', async (c) => {
    const [catalogue, key] = await visibleTo(deps, c.req.raw.headers)
    return resultResponse(showModel(catalogue, c.req.param('id'), key), c.get('requestId'))
  })

  for (const endpoint of paidEndpoints) {
    app.post(endpoint.path, (c) =>
      serveInference(deps, c.req.raw, { requestId: c.get('requestId'), endpoint }),
    )
  }

  app.post('/v1/account/quote', async (c) => {
    const quote = await makeQuote(deps, c.req.raw, c.get('requestId'))
    return resultResponse(quote, c.get('requestId'))
  })

  app.post('/v1/requests/:id/cancel', async (c) => {
    const key = await admit(deps, c.req.raw.headers, 'inference')
    const cancelled = key.ok ? await cancelRequest(deps, key.value, c.req.param('id')) : key
    return resultResponse(cancelled, c.get('requestId'))
  })

  app.get('/v1/key', async (c) => {
    const requestId = c.get('requestId')
    const key = await admitAny(deps, c.req.raw.headers)
    const shown = key.ok ? await showKey(deps, key.value) : key
    if (!shown.ok) return errorResponse(shown.error, requestId)
    return resultResponse(ok(shown.value.body), requestId, shown.value.headers)
  })

  app.get('/v1/billing/policy', (c) => resultResponse(ok(billingPolicy), c.get('requestId')))
  app.get('/v1/billing/account', async (c) => {
    const key = await admit(deps, c.req.raw.headers, 'billing:read')
    const account = key.ok ? await showAccount(deps, key.value) : key
    return resultResponse(account, c.get('requestId'))
  })
  app.get('/v1/billing/usage', async (c) => {
    const requestId = c.get('requestId')
    const key = await admit(deps, c.req.raw.headers, 'billing:read')
    if (!key.ok) return errorResponse(key.error, requestId)
    const query = checkValue(c.req.query(), UsageQuery)
    if (!query.ok) return errorResponse(query.error, requestId)
    const { page, filter } = pageAndFilter(query.value, deps.firstIdAt)
    const usage = await listUsage(deps, key.value.accountId, page, filter)
    return usageResponse(query.value.format, usage, requestId)
  })

  app.get('/v1/receipts/:hash', async (c) => {
    const key = await identify(deps, c.req.raw.headers)
    const receipt = await viewReceipt(deps.receipts, c.req.param('hash'), key)
    return resultResponse(receipt, c.get('requestId'))
  })
  return app
}

async function visibleTo(deps: GatewayDeps, headers: Headers) {
  const catalogue: Promise<PublicCatalogue | undefined> = deps.publicCatalogue()
  return Promise.all([catalogue, identify(deps, headers)])
}

function usageResponse(
  format: UsageQuery['format'],
  { entries, next }: Awaited<ReturnType<typeof listUsage>>,
  requestId: string,
): Response {
  const cursor = next === undefined ? undefined : { 'x-next-cursor': next }
  const headers = { 'cache-control': 'no-store', 'x-request-id': requestId, ...cursor }
  switch (format) {
    case 'json': {
      const page = { has_more: next !== undefined, next_cursor: next ?? null }
      return resultResponse(ok({ object: 'list', data: entries, ...page }), requestId)
    }
    case 'csv':
      return new Response(toCsv(entries), {
        headers: { ...headers, 'content-type': 'text/csv; charset=utf-8' },
      })
    case 'ndjson':
      return new Response(toNdjson(entries), {
        headers: { ...headers, 'content-type': 'application/x-ndjson' },
      })
  }
}
