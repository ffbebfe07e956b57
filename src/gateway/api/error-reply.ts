/** Errors of the customers' surface, with every field that one of their codes brings. */
import * as z from 'zod'
import { ExcludedBy } from '../../fleet/blockers.ts'
import { errorFields } from '../../http/error-reply.ts'
import { Time, Usd } from '../../http/wire-fields.ts'

export const Availability = z.strictObject({
  code: z.literal('no_eligible_host'),
  excluded_by: z.array(ExcludedBy).describe('Why candidates fell away, each reason once.'),
})

/** An operator's pause, as far as customers are told. */
export const PausedBy = z.strictObject({
  id: z.string(),
  scope: z.strictObject({
    kind: z.enum(['route_class', 'model', 'node', 'owner', 'customer', 'everything']),
    id: z.string().optional().describe('Left out where it would name a host or its owner.'),
  }),
  until: Time.describe('When it ends at the latest.'),
})

const balance = 'With `insufficient_balance` and `inflight_budget_exhausted`.'

export const ErrorObject = z.strictObject({
  ...errorFields,
  availability: Availability.optional().describe('With `no_eligible_host`.'),
  incident: PausedBy.optional().describe('With `incident_paused`.'),
  kind: z
    .enum(['rpm', 'tpm', 'concurrency', 'open_holds', 'inflight_budget'])
    .optional()
    .describe('With 429: which limit was met.'),
  limit: z
    .union([z.int(), z.enum(['spend_day', 'spend_month'])])
    .optional()
    .describe('The limit that was met, or with `spend_cap_exceeded` which of the two caps.'),
  limit_usd: Usd.optional().describe('With `spend_cap_exceeded`: the cap.'),
  used_usd: Usd.optional().describe('Of the cap, what is spent and held.'),
  resets_at: Time.optional().describe('When the limit that was met begins anew.'),
  scope: z.string().optional().describe('With `missing_scope`: the scope that it takes.'),
  required_hold_usd: Usd.optional().describe(balance),
  available_usd: Usd.optional().describe(balance),
  affordable_max_tokens: z.int().optional().describe('What the available balance would cover.'),
  receipt_hash: z.string().optional().describe('Of the receipt of the request that ended so.'),
  running_request_id: z.string().optional().describe('With `idempotency_in_progress`.'),
  completed_request_id: z.string().optional().describe('With `idempotency_completed`.'),
  status: z.int().optional().describe('In a stream: the HTTP status that it would have had.'),
})
export const ErrorReply = z.strictObject({ error: ErrorObject })
