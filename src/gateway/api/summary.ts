/** The `b3iq` object: what a paid request cost and how to prove it. */
import * as z from 'zod'
import { SignedUsd, Usd } from '../../http/wire-fields.ts'
import { RouteTier, TrustTier } from '../../protocol/catalogue.ts'
import { HoldId, Sha256Hex } from '../../protocol/ids.ts'

const tokens = z.int().min(0)

export const Usage = z.strictObject({
  prompt_tokens: tokens,
  completion_tokens: tokens,
  total_tokens: tokens,
  prompt_tokens_details: z.strictObject({
    cached_tokens: tokens.describe("Served by the host's cache, at the cached price."),
  }),
  units: tokens.optional().describe('Images, or begun seconds of audio, where those are sold.'),
})

export const B3iqSummary = z.strictObject({
  receipt_hash: Sha256Hex.describe('`GET /v1/receipts/{hash}` shows the receipt.'),
  node_receipt_hash: Sha256Hex.nullable().describe("Of the host's own signed claim."),
  request_id: HoldId,
  cost_usd: Usd.describe('The charge.'),
  benchmark_cost_usd: Usd.describe('What a direct upstream would have asked.'),
  saved_usd: SignedUsd.describe('Benchmark cost less the charge.'),
  salt: z
    .string()
    .nullable()
    .describe('Opens the private part of the receipt. It is told here only, and not kept.'),
  retries: z.int().min(0),
  stopped_by: z
    .enum(['cancelled', 'deadline'])
    .nullable()
    .describe('Why the answer is shorter than it would have been.'),
  route_tier: RouteTier.nullable(),
  trust_tier: TrustTier.nullable(),
  usage: Usage.describe('As billed.'),
})
