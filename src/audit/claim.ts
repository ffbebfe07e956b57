/**
 * An operator's idempotency key. It is taken in the transaction that begins the audit record, names
 * that record, and ends with it: whoever sends the same again gets the first reply, and where nobody
 * knows how the first ended, the record to look at.
 */
import * as z from 'zod'
import { canonicalJson } from '../protocol/canonical.ts'
import { keyedHash } from '../protocol/keyed-hash.ts'
import { limits } from '../protocol/limits.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { StoredErrorCode } from './record.ts'

/** As long as Stripe promises at the least. */
const claimLifeMs = 24 * 60 * 60_000
/** Above what a function of the surface may run: nothing that was begun before still runs. */
const lapsesAfterMs = 60_000

export type ChangeClaim = {
  readonly claimHash: string
  /** Keyed hash over route, path and body. */
  readonly fingerprint: string
  readonly nowMs: number
  readonly expiresAtSec: number
  /** The record of an earlier attempt, whose claim this one takes over. */
  readonly replaces?: string | undefined
}

const StoredError = z.strictObject({
  code: StoredErrorCode,
  message: z.string().exactOptional(),
  param: z.string().exactOptional(),
  retryAfterSec: z.number().exactOptional(),
  retryable: z.boolean().exactOptional(),
  detail: z.record(z.string(), z.json()).exactOptional(),
})

export const StoredReply = z.discriminatedUnion('ok', [
  z.strictObject({ ok: z.literal(true), value: z.record(z.string(), z.json()) }),
  z.strictObject({ ok: z.literal(false), error: StoredError }),
])
export type StoredReply = z.infer<typeof StoredReply>

/**
 * How an attempt left its claim: with a reply that is given again, or without one because it changed
 * nothing and may be made anew, or because nobody knows what it changed.
 */
export const ClaimEnd = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('replied'), reply: StoredReply }),
  z.strictObject({ kind: z.literal('unchanged') }),
  z.strictObject({ kind: z.literal('unknown') }),
])
export type ClaimEnd = z.infer<typeof ClaimEnd>

/** A claim as it lies. */
export type StoredChange = {
  readonly fingerprint: string
  readonly auditId: string
  readonly begunAtMs: number
  /** Undefined while the attempt runs, or where it was cut off. */
  readonly end: ClaimEnd | undefined
}

/** Undefined without the header: such a change is made as often as it is sent. */
export function changeClaimOf(
  key: string | undefined,
  asked: {
    readonly operatorKeyId: string
    readonly route: string
    readonly path: string
    readonly body: unknown
  },
  { nowMs, secret }: { readonly nowMs: number; readonly secret: Buffer },
): Result<ChangeClaim | undefined> {
  if (key === undefined) return ok(undefined)
  if (key === '' || key.length > limits.idempotencyKeyChars) {
    return refuse('invalid_value', {
      param: 'Idempotency-Key',
      message: `Idempotency-Key must have 1 to ${limits.idempotencyKeyChars} characters.`,
    })
  }
  const { operatorKeyId, route, path, body } = asked
  const hash = (...parts: readonly string[]) =>
    keyedHash(secret, JSON.stringify(parts)).toString('base64url')
  return ok({
    claimHash: hash('operator', operatorKeyId, key),
    fingerprint: hash('change', route, path, canonicalJson(body)),
    nowMs,
    expiresAtSec: Math.ceil((nowMs + claimLifeMs) / 1000),
  })
}

export type Standing =
  | { readonly kind: 'reply'; readonly reply: StoredReply }
  | { readonly kind: 'take_over'; readonly claim: ChangeClaim }
  | { readonly kind: 'refused'; readonly refusal: ReturnType<typeof refuse> }

/** What becomes of a change whose key was taken before. */
export function judgeClaim(
  claim: ChangeClaim,
  stored: StoredChange,
  { isRepeatable }: { readonly isRepeatable: boolean },
): Standing {
  const refused = (refusal: ReturnType<typeof refuse>) => ({ kind: 'refused', refusal }) as const
  const { auditId, end, begunAtMs } = stored
  if (stored.fingerprint !== claim.fingerprint) {
    return refused(
      refuse('idempotency_key_reused', {
        param: 'Idempotency-Key',
        detail: { audit_id: auditId },
      }),
    )
  }
  if (end?.kind === 'replied') return { kind: 'reply', reply: end.reply }
  if (!end && claim.nowMs < begunAtMs + lapsesAfterMs) {
    return refused(
      refuse('idempotency_in_progress', { retryAfterSec: 5, detail: { audit_id: auditId } }),
    )
  }
  if (isRepeatable || end?.kind === 'unchanged')
    return { kind: 'take_over', claim: { ...claim, replaces: auditId } }
  return refused(
    refuse('idempotency_in_progress', {
      retryable: false,
      message: `How this change ended is not known: look at what audit record ${auditId} names, then send it under another key if it was not made.`,
      detail: { audit_id: auditId },
    }),
  )
}
