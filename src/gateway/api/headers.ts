/** Headers of customers' requests and of the replies to them. */
import * as z from 'zod'
import { limits } from '../../protocol/limits.ts'
import type { ReplyHeader } from '../reply-header-names.ts'

const text = z.string()
const count = z.int().min(0)
const usd = z.string()

/** By the name on the wire; which replies have which is in the table of endpoints. */
export const replyHeaders = {
  'x-request-id': text.describe('Id of the request, and of its hold where it took one.'),
  'x-should-retry': z
    .enum(['true', 'false'])
    .describe('Whether the same request may succeed later; the OpenAI SDKs obey it.'),
  'retry-after': count.max(limits.retryAfterSec).describe('Seconds, wherever waiting helps.'),
  'x-b3iq-limit-kind': text.describe('Of a 429: the limit that was met, as `kind` in its body.'),
  'openai-processing-ms': count.describe('From arrival of the request to these headers.'),
  'x-b3iq-router-dispatch-mode': z.literal('routed'),
  'x-b3iq-router-node-id': text.describe('Only for keys whose policy exposes it.'),
  'x-b3iq-route-tier': text.describe('Of the host that serves.'),
  'x-b3iq-trust-tier': text.describe('Of the host that serves.'),
  'x-b3iq-decision': text.describe('`profile@route-tier` that serves.'),
  'x-b3iq-retries': count.describe('Hosts that were tried in vain before the one that serves.'),
  'x-b3iq-overhead-ms': count.describe('From arrival until the first host was dialled.'),
  'x-b3iq-receipt-hash': text,
  'x-b3iq-salt': text.describe('Opens the receipt; only where the answer is plain text.'),
  'x-b3iq-cost-usd': usd.describe('The charge, as a decimal string.'),
  'x-b3iq-customer-charge': usd.describe('The same as `X-B3IQ-Cost-Usd`.'),
  'x-b3iq-benchmark-cost': usd.describe('What a direct upstream would have asked, in USD.'),
  'x-b3iq-saved': usd.describe('Benchmark cost less the charge, in USD.'),
  'x-ratelimit-limit-requests': count.describe(
    'Of the key, per minute. Keys without it lack these.',
  ),
  'x-ratelimit-remaining-requests': count.describe('Left out where the reserve did not tell.'),
  'x-ratelimit-reset-requests': text.describe('Until the minute is over: `59s`, `1m0s`.'),
  'x-ratelimit-limit-tokens': count.describe('Of the key, per minute.'),
  'x-ratelimit-remaining-tokens': count.describe('A request counts with the most that it may use.'),
  'x-ratelimit-reset-tokens': text.describe('Until the minute is over.'),
  'x-next-cursor': text.describe('`after` of the next page, where there is one.'),
} as const satisfies Readonly<Record<ReplyHeader, z.ZodType>>

/** Of a request that takes a hold. */
export const PaidRequestHeaders = z.object({
  'X-B3IQ-Quote-ID': z
    .string()
    .optional()
    .describe('Of `POST /v1/account/quote`: locks its prices.'),
  'Idempotency-Key': z
    .string()
    .min(1)
    .max(limits.idempotencyKeyChars)
    .optional()
    .describe(
      'The same key with the same body is charged once within 24 hours; answers are not stored, so a repetition is told the receipt instead.',
    ),
  'X-B3IQ-Customer': z
    .string()
    .optional()
    .describe('For smoke keys of the operator alone: the account that is asked for.'),
  'X-B3IQ-Deadline-Seconds': z
    .int()
    .min(15)
    .max(limits.deadlineMs / 1000)
    .optional()
    .describe('How long the request may take; 300 where it is not given. A stage may allow less.'),
})
