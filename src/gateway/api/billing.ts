/** The customer's money on the wire. */
import * as z from 'zod'
import { type Contents, type EndpointTable, json } from '../../http/endpoint.ts'
import { listOf, SignedUsd, Time, Usd } from '../../http/wire-fields.ts'
import type { EntryKind } from '../../ledger/journal.ts'
import { KeyPolicy, Scope } from '../../protocol/account.ts'
import { AccountId, HoldId, KeyId, ModelId, Sha256Hex } from '../../protocol/ids.ts'
import { limits } from '../../protocol/limits.ts'
import { ResultStatus } from '../../protocol/receipt.ts'
import type { ReplyHeader } from '../reply-header-names.ts'
import type { GatewayAuth } from './auth.ts'
import { always, scoped } from './error-codes.ts'

const OpenHold = z.strictObject({
  request_id: HoldId,
  amount_usd: Usd,
  expires_at: Time.describe('By then it is settled or given back.'),
})

export const BillingAccount = z.strictObject({
  object: z.literal('billing.account'),
  account_id: AccountId,
  status: z.enum(['active', 'suspended']),
  currency: z.literal('USD'),
  available_usd: Usd,
  held_usd: Usd.describe('Set aside for requests that run.'),
  spent_usd: Usd,
  funded_usd: Usd.describe('Everything ever paid in or granted, corrections included.'),
  open_holds: z.array(OpenHold),
  policy: z
    .strictObject({
      scopes: z.array(Scope),
      ...KeyPolicy.shape,
      spend_usd_per_day: Usd.nullable(),
      spend_usd_per_month: Usd.nullable(),
      requests_per_minute: z.int().nullable(),
      tokens_per_minute: z.int().nullable(),
      concurrency: z.int().nullable(),
    })
    .describe('What the calling key may do.'),
})

const customerKinds = ['charge', 'top_up', 'grant', 'refund', 'adjustment'] as const
const EntryType = z.enum(customerKinds satisfies readonly EntryKind[])
const tokens = z.int().min(0)

export const UsageEntry = z.strictObject({
  id: z.string().describe("Of a charge its request's id. Ids sort by time."),
  at: Time,
  type: EntryType,
  amount_usd: SignedUsd.describe('Below zero for charges; the sum is available plus held.'),
  model: ModelId.nullable(),
  key_id: KeyId.nullable(),
  prompt_tokens: tokens,
  completion_tokens: tokens,
  status: ResultStatus.nullable(),
  receipt_hash: Sha256Hex.nullable(),
  reference: z.string().nullable().describe('Of an entry that is no charge.'),
})

export const UsageList = z.strictObject({
  ...listOf(UsageEntry),
  has_more: z.boolean(),
  next_cursor: z.string().nullable().describe('`after` of the next page.'),
})

const UsageQuery = z.object({
  limit: z.int().min(1).max(limits.pageSize).default(limits.pageSize),
  after: z.string().optional().describe('Entries older than the one with this id.'),
  model: ModelId.optional().describe('Only charges of this model.'),
  key_id: KeyId.optional().describe('Only charges of this key.'),
  from: z.iso.datetime({ offset: true }).optional().describe('Entries from this time on.'),
  to: z.iso.datetime({ offset: true }).optional().describe('Entries before this time.'),
  format: z.enum(['json', 'csv', 'ndjson']).default('json'),
})

const usageAnswer: Contents = {
  ...json(UsageList),
  'text/csv': { schema: z.string().describe('A line of names, then one for each entry.') },
  'application/x-ndjson': { schema: UsageEntry },
}

const Ending = z.strictObject({
  ends: z.string().describe('How the request ends.'),
  customer_pays: z
    .enum(['billed', 'delivered', 'nothing'])
    .describe('The usage in the receipt, what was relayed until then, or nothing.'),
  host_earns: z
    .enum(['share', 'nothing', 'late_claim'])
    .describe('`late_claim`: what it can prove, and never from the customer.'),
  receipt_status: ResultStatus.nullable().describe('Null where there is no receipt.'),
  note: z.string(),
})

export const BillingPolicy = z.strictObject({
  object: z.literal('billing.policy'),
  currency: z.literal('USD'),
  amounts: z.string(),
  endings: z.array(Ending),
  usage: z.strictObject({
    rule: z.string(),
    tolerance: z.strictObject({ fraction: z.number(), tokens: z.int(), note: z.string() }),
    reasoning: z.string(),
    cached_prompt: z.string(),
  }),
  holds: z.strictObject({
    default_window_tokens: z.int(),
    least_window_tokens: z.int(),
    open_holds_max: z.int(),
  }),
})

export const billingEndpoints = {
  'GET /v1/billing/policy': {
    operationId: 'showBillingPolicy',
    tag: 'Billing',
    summary: 'For every way a request can end, who pays what',
    does: 'The same for every customer, and for machines to read before they spend.',
    auth: 'none',
    answer: json(BillingPolicy),
    errors: always,
  },
  'GET /v1/billing/account': {
    operationId: 'showBillingAccount',
    tag: 'Billing',
    summary: 'Show the balance, the open holds and the policy of the key',
    does: 'What is available, what is held and until when, and what was spent.',
    auth: 'billing:read',
    answer: json(BillingAccount),
    errors: [...scoped, 'no_billing_identity'],
  },
  'GET /v1/billing/usage': {
    operationId: 'listUsage',
    tag: 'Billing',
    summary: "List the account's ledger",
    does: 'Charges and all other entries, newest first, in pages. Under a filter a page shows what fits of it, down to nothing, and its cursor still moves on. Of CSV and NDJSON the cursor of the next page is in `X-Next-Cursor`.',
    auth: 'billing:read',
    query: UsageQuery,
    answer: usageAnswer,
    headers: ['x-next-cursor'],
    errors: [...scoped, 'invalid_value'],
  },
} as const satisfies EndpointTable<GatewayAuth, ReplyHeader>
