/**
 * Every header that a reply to a customer may carry of ours. A browser shows a program no others, and each
 * has its row in `api/headers.ts`.
 */
export const replyHeaderNames = [
  'x-request-id',
  'openai-processing-ms',
  'x-should-retry',
  'retry-after',
  'x-b3iq-router-dispatch-mode',
  'x-b3iq-router-node-id',
  'x-b3iq-route-tier',
  'x-b3iq-trust-tier',
  'x-b3iq-decision',
  'x-b3iq-retries',
  'x-b3iq-overhead-ms',
  'x-b3iq-limit-kind',
  'x-b3iq-receipt-hash',
  'x-b3iq-salt',
  'x-b3iq-cost-usd',
  'x-b3iq-benchmark-cost',
  'x-b3iq-customer-charge',
  'x-b3iq-saved',
  'x-ratelimit-limit-requests',
  'x-ratelimit-remaining-requests',
  'x-ratelimit-reset-requests',
  'x-ratelimit-limit-tokens',
  'x-ratelimit-remaining-tokens',
  'x-ratelimit-reset-tokens',
  'x-next-cursor',
] as const
