/**
 * Who changed what: one record of every change that an operator asked for, begun before the change and
 * ended after it. What still stands as begun, a crash may have left half-way.
 */
import * as z from 'zod'
import { OperatorRole } from '../protocol/account.ts'
import { type ErrorCode, errorTable } from '../protocol/errors.ts'
import { AuditId } from '../protocol/ids.ts'

/** As it was written; codes are never renamed. */
export const StoredErrorCode = z.custom<ErrorCode>(
  (value) => typeof value === 'string' && Object.hasOwn(errorTable, value),
)

/** What was known before the change. Documents hold no secrets. */
export const BegunRecord = z.strictObject({
  auditId: AuditId,
  begunAtMs: z.int(),
  by: z.strictObject({ keyId: z.string(), name: z.string(), role: OperatorRole }),
  /** As in the table of routes: `PATCH /admin/keys/:id`. */
  route: z.string(),
  path: z.string(),
  subjectKind: z.string(),
  /** Undefined where the change itself makes the subject. */
  subjectId: z.string().optional(),
  request: z.json(),
  before: z.json(),
  requestId: z.string(),
  /** Keyed hash of the idempotency key that came with the request. */
  claimHash: z.string().optional(),
})
export type BegunRecord = z.infer<typeof BegunRecord>

export const Ending = z.strictObject({
  endedAtMs: z.int(),
  /** `done`, the code of the refusal, or `unknown` where a fault cut it off: `after` shows what is there. */
  outcome: z.union([z.literal('done'), z.literal('unknown'), StoredErrorCode]),
  subjectId: z.string().optional(),
  after: z.json(),
})
export type Ending = z.infer<typeof Ending>

/** `ending` is undefined for a change that runs, or whose end nobody wrote down. */
export type AuditRecord = BegunRecord & { readonly ending: Ending | undefined }
