/** What rows of the operators' table have in common. Who may call is in `roles.ts`, and said once. */
import * as z from 'zod'
import type { EndpointRow } from '../../http/endpoint.ts'
import { errorFields } from '../../http/error-reply.ts'
import type { OperatorRole } from '../../protocol/account.ts'
import type { ErrorCode } from '../../protocol/errors.ts'
import { limits } from '../../protocol/limits.ts'
import type { adminReplyHeaderNames } from '../reply-header-names.ts'

/** The least role that may call; `bootstrap` is reached without any key of ours. */
export type AdminAuth = OperatorRole | 'bootstrap'

export const adminReplyHeaders = {
  'x-request-id': z.string(),
  'x-should-retry': z.enum(['true', 'false']).describe('Whether the same may succeed later.'),
  'retry-after': z.int().min(0).max(limits.retryAfterSec).describe('Seconds.'),
  'idempotent-replayed': z
    .literal('true')
    .describe('The reply is that of an earlier request with the same `Idempotency-Key`.'),
} as const satisfies Readonly<Record<(typeof adminReplyHeaderNames)[number], z.ZodType>>

export type AdminHeader = keyof typeof adminReplyHeaders

export const everyAdminReply: readonly AdminHeader[] = ['x-request-id']
export const everyAdminError: readonly AdminHeader[] = [
  ...everyAdminReply,
  'x-should-retry',
  'retry-after',
]

export type AdminRow = Omit<EndpointRow<AdminAuth, AdminHeader>, 'auth'>

type Codes = readonly ErrorCode[]

/** Of any call with an operator key. */
export const operated: Codes = ['internal_error', 'invalid_operator_key', 'missing_role']

/** Of what only looks, and takes a query. */
export const looked: Codes = [...operated, 'invalid_value', 'missing_required_parameter']

/** Of what takes a body. */
export const told: Codes = [
  ...looked,
  'invalid_json',
  'request_timeout',
  'request_too_large',
  'unsupported_media_type',
]

/** Of what changes something, and so is recorded first. */
export const recorded: Codes = [
  'ledger_unavailable',
  'idempotency_in_progress',
  'idempotency_key_reused',
]

/** Of a change that takes nothing but its path. */
export const acted: Codes = [...operated, 'invalid_value', ...recorded]
/** Of a change that takes a body. */
export const taken: Codes = [...told, ...recorded]

const IdempotencyHeader = z.object({
  'Idempotency-Key': z
    .string()
    .min(1)
    .max(limits.idempotencyKeyChars)
    .optional()
    .describe(
      'The same key with the same request gets the first reply again within 24 hours, without its secrets.',
    ),
})

/** Of every row that changes something. */
export const change = {
  takes: IdempotencyHeader,
  headers: ['idempotent-replayed'],
} as const satisfies Partial<AdminRow>

/** A secret is shown in the first reply alone; a repetition has null and a note. */
export const shownOnce = {
  key: z.string().nullable().describe('Shown this once: only a hash of it is stored.'),
  note: z.string().optional().describe('Of a repeated reply: why the secret is missing.'),
}

export const pageOf = <T extends z.ZodType>(item: T) =>
  z.strictObject({
    object: z.literal('list'),
    data: z.array(item),
    has_more: z.boolean(),
    next: z.string().nullable().describe('`after` of the next page.'),
  })

const standing = z.string().optional()

export const AdminErrorObject = z.strictObject({
  ...errorFields,
  role: standing.describe('With `missing_role`: the role of the key.'),
  least_role: standing.describe('With `missing_role`: the role that it takes.'),
  status: standing.describe('With `state_conflict`: the status that stands.'),
  state: standing.describe('With `state_conflict`: the state that stands.'),
  transfer_id: z.string().nullable().optional(),
  audit_id: standing.describe('With `idempotency_*`: the record of the first request.'),
  incident: z
    .strictObject({ id: z.string(), scope: z.unknown(), until: z.string() })
    .optional()
    .describe('With `incident_paused`.'),
})
export const AdminErrorReply = z.strictObject({ error: AdminErrorObject })
