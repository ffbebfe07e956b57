/** Models on the wire: OpenAI's list, and what OpenRouter's clients read beside. */
import * as z from 'zod'
import type { EndpointTable } from '../../http/endpoint.ts'
import { json } from '../../http/endpoint.ts'
import { listOf } from '../../http/wire-fields.ts'
import { RouteTier, TrustTier } from '../../protocol/catalogue.ts'
import { ModelId } from '../../protocol/ids.ts'
import type { ReplyHeader } from '../reply-header-names.ts'
import type { GatewayAuth } from './auth.ts'
import { always } from './error-codes.ts'

const usdPerToken = z.string().describe('USD per token as a decimal string.')

const Pricing = z.strictObject({
  prompt: usdPerToken,
  completion: usdPerToken,
  input_cache_read: usdPerToken.describe("USD per prompt token that a host's cache served."),
  image: z.string().optional().describe('USD per image, of a model that makes them.'),
  audio: z.string().optional().describe('USD per begun second, of a model that transcribes.'),
})

const modelFields = {
  id: ModelId,
  object: z.literal('model'),
  created: z.int().describe('When it was published, in seconds since the epoch; 0 if unknown.'),
  owned_by: z.literal('b3iq'),
  name: z.string(),
  description: z.string(),
  context_length: z.int(),
  architecture: z.strictObject({
    input_modalities: z.array(z.string()),
    output_modalities: z.array(z.string()),
  }),
  pricing: z.union([Pricing, z.strictObject({})]).describe('The cheapest that is on sale.'),
  supported_parameters: z
    .array(z.string())
    .describe('Fields of a request that have an effect at one host of the model at least.'),
  quantization: z.string().nullable(),
  top_provider: z.strictObject({
    context_length: z.int(),
    max_completion_tokens: z.int(),
    is_moderated: z.literal(false),
  }),
  eligible_hosts: z.int().describe('Hosts that may be asked at present.'),
  measured: z
    .strictObject({ first_content_p50_ms: z.int(), tokens_per_second_p50: z.int() })
    .describe('Observed by benchmarks, over the hosts that may be asked.'),
}

export const Model = z.strictObject(modelFields)

export const RouteVariant = z.strictObject({
  route_tier: RouteTier,
  trust_tier: TrustTier,
  pricing: Pricing,
  eligible_hosts: z.int(),
  measured: z
    .strictObject({
      first_content_p50_ms: z.int(),
      first_content_p95_ms: z.int(),
      tokens_per_second_p50: z.int(),
      tokens_per_second_p5: z.int(),
      context_tokens: z.int(),
    })
    .nullable()
    .describe('Null while no host serves it.'),
  capabilities: z
    .strictObject({ tools: z.boolean(), json_schema: z.boolean(), logprobs: z.boolean() })
    .describe('As measured, not as claimed.'),
})

export const ModelDetail = z.strictObject({
  ...modelFields,
  route_variants: z
    .array(RouteVariant)
    .describe('Each route tier and trust tier in which the model has a price.'),
})

export const ModelList = z.strictObject(listOf(Model))

export const modelEndpoints = {
  'GET /v1/models': {
    operationId: 'listModels',
    tag: 'Models',
    summary: 'List the models on sale',
    does: 'Only models that at least one eligible host serves, with evidence of observed benchmarks. With a key: those that the key may call.',
    auth: 'optional',
    answer: json(ModelList),
    errors: always,
  },
  'GET /v1/models/:id{.+}': {
    operationId: 'showModel',
    tag: 'Models',
    summary: 'Show one model',
    does: 'Adds prices, eligible hosts, measured speed and capabilities for each route tier and trust tier. The id may hold slashes, encoded or not.',
    auth: 'optional',
    path: { id: ModelId },
    answer: json(ModelDetail),
    errors: [...always, 'model_not_found'],
  },
} as const satisfies EndpointTable<GatewayAuth, ReplyHeader>
