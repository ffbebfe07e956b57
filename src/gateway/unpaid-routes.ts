/**
 * What the surface answers beside paid requests: of models, quotes, keys, bills and receipts. All of it is
 * loaded with the first request that asks for any of it; a start does without.
 */
import type { Context } from 'hono'
import { checkValue } from '../http/read-json.ts'
import { errorResponse, resultResponse } from '../http/respond.ts'
import type { SurfaceEnv } from '../http/surface.ts'
import { ok } from '../protocol/result.ts'
import { admit, admitAny, identify } from './admit.ts'
import { listUsage, showAccount, toCsv, toNdjson } from './billing.ts'
import { billingPolicy } from './billing-policy.ts'
import { cancelRequest } from './cancel-request.ts'
import type { GatewayDeps } from './deps.ts'
import { showKey } from './key.ts'
import { listModels, showModel } from './models.ts'
import { makeQuote } from './quote.ts'
import { viewReceipt } from './receipts.ts'
import { pageAndFilter, UsageQuery } from './usage-query.ts'

type UnpaidRoute = (deps: GatewayDeps, c: Context<SurfaceEnv>) => Response | Promise<Response>

export const unpaidRoutes = {
  listModels: async (deps, c) => {
    const [catalogue, key] = await visibleTo(deps, c.req.raw.headers)
    return resultResponse(ok(listModels(catalogue, key)), c.get('requestId'))
  },
  showModel: async (deps, c) => {
    const [catalogue, key] = await visibleTo(deps, c.req.raw.headers)
    return resultResponse(showModel(catalogue, c.req.param('id') ?? '', key), c.get('requestId'))
  },
  makeQuote: async (deps, c) => {
    const quote = await makeQuote(deps, c.req.raw, c.get('requestId'))
    return resultResponse(quote, c.get('requestId'))
  },
  cancelRequest: async (deps, c) => {
    const key = await admit(deps, c.req.raw.headers, 'inference')
    const cancelled = key.ok ? await cancelRequest(deps, key.value, c.req.param('id') ?? '') : key
    return resultResponse(cancelled, c.get('requestId'))
  },
  showKey: async (deps, c) => {
    const requestId = c.get('requestId')
    const key = await admitAny(deps, c.req.raw.headers)
    const shown = key.ok ? await showKey(deps, key.value) : key
    if (!shown.ok) return errorResponse(shown.error, requestId)
    return resultResponse(ok(shown.value.body), requestId, shown.value.headers)
  },
  showPolicy: (_, c) => resultResponse(ok(billingPolicy), c.get('requestId')),
  showAccount: async (deps, c) => {
    const key = await admit(deps, c.req.raw.headers, 'billing:read')
    const account = key.ok ? await showAccount(deps, key.value) : key
    return resultResponse(account, c.get('requestId'))
  },
  listUsage: async (deps, c) => {
    const requestId = c.get('requestId')
    const key = await admit(deps, c.req.raw.headers, 'billing:read')
    if (!key.ok) return errorResponse(key.error, requestId)
    const query = checkValue(c.req.query(), UsageQuery)
    if (!query.ok) return errorResponse(query.error, requestId)
    const { page, filter } = pageAndFilter(query.value, deps.firstIdAt)
    const usage = await listUsage(deps, key.value.accountId, page, filter)
    return usageResponse(query.value.format, usage, requestId)
  },
  showReceipt: async (deps, c) => {
    const key = await identify(deps, c.req.raw.headers)
    const receipt = await viewReceipt(deps.receipts, c.req.param('hash') ?? '', key)
    return resultResponse(receipt, c.get('requestId'))
  },
} as const satisfies Readonly<Record<string, UnpaidRoute>>

const visibleTo = (deps: GatewayDeps, headers: Headers) =>
  Promise.all([deps.publicCatalogue(), identify(deps, headers)])

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
