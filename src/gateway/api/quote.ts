/** Quotes on the wire: what a request would cost, before it is made. */
import * as z from 'zod'
import { type EndpointTable, json } from '../../http/endpoint.ts'
import { SignedUsd, Time, Usd } from '../../http/wire-fields.ts'
import { CataloguePrice, RouteTier, TrustTier } from '../../protocol/catalogue.ts'
import { ModelId } from '../../protocol/ids.ts'
import type { ReplyHeader } from '../reply-header-names.ts'
import type { GatewayAuth } from './auth.ts'
import { bodied, scoped } from './error-codes.ts'
import { soldFormBodies, soldJsonBodies, soldPaths } from './sold.ts'
import { Usage } from './summary.ts'

const count = z.int().min(0)

const RouteOption = z.strictObject({
  route_tier: RouteTier,
  trust_tier: TrustTier,
  pricing: CataloguePrice.omit({ route_tier: true, trust_tier: true }),
  hold_usd: Usd,
  eligible_hosts: count,
  first_content_p50_ms: z.int().nullable(),
  tokens_per_second_p50: z.int().nullable(),
})

export const Quote = z.strictObject({
  object: z.literal('quote'),
  id: z.string().describe('Send it as `X-B3IQ-Quote-ID`, once.'),
  endpoint: z.string(),
  model: ModelId,
  expires_at: Time,
  price_version: z.int(),
  bounds: z
    .strictObject({
      prompt_bytes: count,
      prompt_tokens: count,
      completion_tokens: count,
      choices: count,
    })
    .describe('No larger request may be made under the quote.'),
  hold_usd: Usd.describe(
    'What a balance must have to cover the request in any of its tiers; neither hold nor charge is above it.',
  ),
  estimate: z.strictObject({
    route_tier: RouteTier,
    trust_tier: TrustTier,
    usage: Usage,
    customer_charge_usd: Usd,
    benchmark_cost_usd: Usd,
    saved_usd: SignedUsd,
  }),
  route_options: z.array(RouteOption),
})

export const quoteEndpoints = {
  'POST /v1/account/quote': {
    operationId: 'makeQuote',
    tag: 'Billing',
    summary: 'Quote a request without running it',
    does: 'Takes the body of the request and answers its hold, an estimate of its charge and the tiers it could be served in. Nothing is held or dispatched. The id locks the prices for five minutes, not the supply.',
    auth: 'inference',
    query: z.object({
      endpoint: z
        .enum(soldPaths)
        .default('/v1/chat/completions')
        .describe('Which endpoint the body is for.'),
    }),
    body: {
      ...json(z.union(soldJsonBodies)),
      'multipart/form-data': { schema: z.union(soldFormBodies) },
    },
    answer: json(Quote),
    errors: [
      ...scoped,
      ...bodied,
      'unsupported_parameter',
      'context_length_exceeded',
      'model_not_allowed',
      'route_tier_not_allowed',
      'max_price_unmet',
      'model_not_found',
      'no_eligible_host',
      'incident_paused',
      'ledger_unavailable',
    ],
  },
} as const satisfies EndpointTable<GatewayAuth, ReplyHeader>
