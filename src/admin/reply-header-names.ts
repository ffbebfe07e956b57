/**
 * Every header that a reply to an operator may carry of ours. A browser shows a page no others, and each has
 * its row in `api/row.ts`.
 */
export const adminReplyHeaderNames = [
  'x-request-id',
  'x-should-retry',
  'retry-after',
  'idempotent-replayed',
] as const
