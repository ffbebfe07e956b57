/**
 * Every header that a reply to a customer may carry of ours, by the replies that have it. A browser shows a
 * program no others, and each has its row in `api/headers.ts`.
 */

/** On every reply of the surface. */
export const everyReply = ['x-request-id'] as const
export const everyError = [...everyReply, 'x-should-retry', 'retry-after'] as const

/** Of a key with limits per minute, on success and on failure. */
export const limited = [
  'x-ratelimit-limit-requests',
  'x-ratelimit-remaining-requests',
  'x-ratelimit-reset-requests',
  'x-ratelimit-limit-tokens',
  'x-ratelimit-remaining-tokens',
  'x-ratelimit-reset-tokens',
] as const

/** Of what a host served, as far as it was known before the body began. */
export const routed = [
  ...limited,
  'openai-processing-ms',
  'x-b3iq-router-dispatch-mode',
  'x-b3iq-router-node-id',
  'x-b3iq-route-tier',
  'x-b3iq-trust-tier',
  'x-b3iq-decision',
  'x-b3iq-retries',
  'x-b3iq-overhead-ms',
] as const

/** Of an answer that came whole; a stream has them in its last object. */
export const priced = [
  'x-b3iq-receipt-hash',
  'x-b3iq-salt',
  'x-b3iq-cost-usd',
  'x-b3iq-customer-charge',
  'x-b3iq-benchmark-cost',
  'x-b3iq-saved',
] as const

export const replyHeaderNames = [
  ...everyError,
  ...routed,
  ...priced,
  'x-b3iq-limit-kind',
  'x-next-cursor',
] as const

export type ReplyHeader = (typeof replyHeaderNames)[number]
