/**
 * A client's `Idempotency-Key` as the claim that is taken with the hold. Key and body are stored as
 * keyed hashes, so that the table tells nobody what was asked or under which name.
 */
import { type ClaimRefusal, claimLifeMs } from '../ledger/idempotency.ts'
import type { IdempotencyClaim } from '../ledger/ports.ts'
import type { ApiError } from '../protocol/errors.ts'
import { keyedHash } from '../protocol/keyed-hash.ts'
import { limits } from '../protocol/limits.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import type { Quote } from './quote-token.ts'

export type ClaimTerms = {
  readonly accountId: string
  readonly path: string
  readonly bodySha256: string
  readonly nowMs: number
  readonly secret: Buffer
}

/** Undefined without the header: such a request is made as often as it is sent. */
export function claimOf(
  headers: Headers,
  { accountId, path, bodySha256, nowMs, secret }: ClaimTerms,
): Result<IdempotencyClaim | undefined> {
  const key = headers.get('idempotency-key')
  if (key === null) return ok(undefined)
  if (key === '' || key.length > limits.idempotencyKeyChars) {
    return refuse('invalid_value', {
      param: 'Idempotency-Key',
      message: `Idempotency-Key must have 1 to ${limits.idempotencyKeyChars} characters.`,
    })
  }
  return ok(claimNamed('key', key, { accountId, path, bodySha256, nowMs, secret }))
}

/**
 * A quote is used once, so it is a key of its own: the same request under the same quote is the same
 * request, and one that ended without a charge frees it.
 */
export function quoteClaimOf(
  headers: Headers,
  { nonce }: Quote,
  terms: ClaimTerms,
): Result<IdempotencyClaim | undefined> {
  if (!headers.has('idempotency-key')) return ok(claimNamed('quote', nonce, terms))
  return refuse('invalid_value', {
    param: 'Idempotency-Key',
    message: 'A quote is used once, so it is a key itself: send no Idempotency-Key beside it.',
  })
}

export function claimError(refusal: ClaimRefusal): ApiError {
  switch (refusal.kind) {
    case 'claim_reused':
      return { code: 'idempotency_key_reused', param: 'Idempotency-Key' }
    case 'claim_running':
      return { code: 'idempotency_in_progress', retryAfterSec: 5 }
    case 'claim_completed': {
      const { holdId, receiptHash } = refusal
      const detail = { completed_request_id: holdId, receipt_hash: receiptHash }
      return { code: 'idempotency_completed', detail }
    }
  }
}

function claimNamed(
  kind: 'key' | 'quote',
  name: string,
  { accountId, path, bodySha256, nowMs, secret }: ClaimTerms,
): IdempotencyClaim {
  const hash = keyedBy(secret)
  return {
    claimHash: hash(kind, accountId, path, name),
    fingerprint: hash('body', accountId, path, bodySha256),
    nowSec: Math.floor(nowMs / 1000),
    expiresAtSec: Math.ceil((nowMs + claimLifeMs) / 1000),
  }
}

/** 24 bits: of one account's last 300 requests, one in 50,000 retries meets a stranger. A hold has no room for more. */
const retryTagChars = 4

/** The tag of a body, for requests that carry no key of their own. */
export const retryTagOf = (
  { accountId, path, bodySha256, secret }: Omit<ClaimTerms, 'nowMs'>,
  keyId: string,
): string => keyedBy(secret)('retry', accountId, keyId, path, bodySha256).slice(0, retryTagChars)

const keyedBy =
  (secret: Buffer) =>
  (...parts: readonly string[]): string =>
    keyedHash(secret, JSON.stringify(parts)).toString('base64url')
