/** What rows of the hosts' table have in common. */
import * as z from 'zod'
import { errorFields } from '../../http/error-reply.ts'
import type { ErrorCode } from '../../protocol/errors.ts'
import { limits } from '../../protocol/limits.ts'

/** `signature`: by the node's own key over the request, as RFC 9421 has it. */
export type IngestAuth = 'none' | 'signature'

export const ingestReplyHeaders = {
  'x-request-id': z.string(),
  'x-should-retry': z.enum(['true', 'false']).describe('Whether the same may succeed later.'),
  'retry-after': z.int().min(0).max(limits.retryAfterSec).describe('Seconds.'),
} as const satisfies Readonly<Record<string, z.ZodType>>

export type IngestHeader = keyof typeof ingestReplyHeaders

export const everyIngestReply: readonly IngestHeader[] = ['x-request-id']
export const everyIngestError: readonly IngestHeader[] = [
  ...everyIngestReply,
  'x-should-retry',
  'retry-after',
]

type Codes = readonly ErrorCode[]

/** Of any signed request. */
export const signed: Codes = [
  'internal_error',
  'ingest_busy',
  'bad_signature',
  'clock_skew',
  'unknown_node',
  'node_revoked',
  'cloned_identity',
  'request_timeout',
  'request_too_large',
  'unsupported_media_type',
]

/** Of one with a body. */
export const bodied: Codes = [
  ...signed,
  'invalid_json',
  'missing_required_parameter',
  'invalid_value',
]

const timeMs = z.int().optional()

export const IngestErrorObject = z.strictObject({
  ...errorFields,
  status: z.string().optional().describe('With `node_revoked`: the status of the node.'),
  last_seq: z.int().optional().describe('With `seq_replay`: go on above it.'),
  successor_id: z.string().optional().describe('The node that this key was replaced by.'),
  server_time_ms: timeMs.describe('With `clock_skew`.'),
  delta_ms: timeMs.describe("With `clock_skew`: the server's time less the host's."),
  allowed_ms: timeMs.describe('With `clock_skew`.'),
})
export const IngestErrorReply = z.strictObject({ error: IngestErrorObject })
