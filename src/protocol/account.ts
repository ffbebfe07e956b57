/** Keys, scopes and policies as operators set them. */
import * as z from 'zod'
import { RouteTier, TrustTier } from './catalogue.ts'
import { limits } from './limits.ts'

export const Scope = z.enum(['inference', 'billing:read', 'smoke'])
export type Scope = z.infer<typeof Scope>

const usd = z.string().regex(/^(0|[1-9]\d{0,11})(\.\d{1,9})?$/, 'must be a decimal USD string')

const limitFields = {
  spend_usd_per_day: usd,
  spend_usd_per_month: usd,
  requests_per_minute: z.int().min(1).max(1_000_000),
  /** Prompt and completion together; a request counts with the most that it can use. */
  tokens_per_minute: z.int().min(1).max(1_000_000_000),
  /** Requests that run at the same time. */
  concurrency: z.int().min(1).max(64),
}

/** Limits that the reserve write enforces, so that they hold across any number of gateways. */
export const KeyLimits = z.strictObject(limitFields).partial()
export type KeyLimits = z.infer<typeof KeyLimits>

/** What is left out stays as it is; null takes a limit away. */
export const KeyLimitsChange = z
  .strictObject({
    spend_usd_per_day: usd.nullable(),
    spend_usd_per_month: usd.nullable(),
    requests_per_minute: limitFields.requests_per_minute.nullable(),
    tokens_per_minute: limitFields.tokens_per_minute.nullable(),
    concurrency: limitFields.concurrency.nullable(),
  })
  .partial()
export type KeyLimitsChange = z.infer<typeof KeyLimitsChange>

/** A name in which each `*` stands for any text, none included. */
const modelPatterns = z.array(z.string().min(1).max(128)).max(64)

const policyFields = {
  /** Left out: all. */
  models_allowed: modelPatterns,
  /** Wins over what is allowed. */
  models_denied: modelPatterns,
  route_tiers: z.array(RouteTier).max(8),
  trust_tiers: z.array(TrustTier).max(4),
  /** A request's own maximum can only be lower. */
  max_price: z
    .strictObject({ prompt_usd_per_mtok: usd, completion_usd_per_mtok: usd, unit_usd: usd })
    .partial(),
  /** Of a smoke key: what all of them together may spend of one customer in a UTC day. */
  smoke_usd_per_day: usd,
}

export const KeyPolicy = z
  .strictObject(policyFields)
  .partial()
  .extend({ exposes_node_id: z.boolean().default(false) })
export type KeyPolicy = z.infer<typeof KeyPolicy>

/** What is left out stays as it is; null takes a rule away. */
export const KeyPolicyChange = z
  .strictObject({
    models_allowed: modelPatterns.nullable(),
    models_denied: modelPatterns.nullable(),
    route_tiers: policyFields.route_tiers.nullable(),
    trust_tiers: policyFields.trust_tiers.nullable(),
    max_price: policyFields.max_price.nullable(),
    smoke_usd_per_day: usd.nullable(),
  })
  .partial()
  .extend({ exposes_node_id: z.boolean().optional() })
export type KeyPolicyChange = z.infer<typeof KeyPolicyChange>

export const OperatorRole = z.enum(['viewer', 'support', 'operator', 'owner'])
export type OperatorRole = z.infer<typeof OperatorRole>

/** For spend by tag: `team` → `red`. */
export const AccountTags = z
  .record(
    z
      .string()
      .regex(/^[a-z0-9][a-z0-9_.-]{0,31}$/, 'must be named by 1 to 32 of a-z, 0-9 and "_.-"'),
    z.string().trim().min(1).max(64),
  )
  .refine((tags) => Object.keys(tags).length <= limits.tagsPerAccount, {
    error: `must be ${limits.tagsPerAccount} tags at most`,
  })
export type AccountTags = z.infer<typeof AccountTags>
