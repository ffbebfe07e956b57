/** Keys, scopes and policies as operators set them. */
import * as z from 'zod'
import { RouteTier, TrustTier } from './catalogue.ts'

export const Scope = z.enum(['inference', 'billing:read'])
export type Scope = z.infer<typeof Scope>

const usd = z.string().regex(/^(0|[1-9]\d{0,11})(\.\d{1,9})?$/, 'must be a decimal USD string')

/** Limits that the reserve write enforces, so that they hold across any number of gateways. */
export const KeyLimits = z.strictObject({
  spend_usd_per_day: usd.optional(),
  spend_usd_per_month: usd.optional(),
  requests_per_minute: z.int().min(1).max(1_000_000).optional(),
  /** Prompt and completion together; a request counts with the most that it can use. */
  tokens_per_minute: z.int().min(1).max(1_000_000_000).optional(),
  /** Requests that run at the same time. */
  concurrency: z.int().min(1).max(64).optional(),
})
export type KeyLimits = z.infer<typeof KeyLimits>

export const KeyPolicy = z.strictObject({
  models_allowed: z.array(z.string().max(128)).max(64).optional(),
  route_tiers: z.array(RouteTier).max(8).optional(),
  trust_tiers: z.array(TrustTier).max(4).optional(),
  exposes_node_id: z.boolean().default(false),
})
export type KeyPolicy = z.infer<typeof KeyPolicy>

export const OperatorRole = z.enum(['viewer', 'support', 'operator', 'owner'])
export type OperatorRole = z.infer<typeof OperatorRole>
