/**
 * Whether a request was sent before. Its customer may say so with an `Idempotency-Key`, which is then
 * taken with the hold; an SDK says so by counting its retries.
 */
import type { CustomerKey } from '../keys/api-key.ts'
import { refusalOfUse } from '../ledger/idempotency.ts'
import type { ClaimStore, HoldStore } from '../ledger/ports.ts'
import { ok, type Result } from '../protocol/result.ts'
import type { CompleteOrder } from './complete.ts'
import { claimError, claimOf, quoteClaimOf, retryTagOf } from './idempotency-key.ts'
import type { Quote } from './quote-token.ts'
import { isExpired, quoteExpired } from './quoted.ts'
import { isSdkRetry, recogniseRetry, type SdkRetryDeps } from './sdk-retry.ts'

export type RepetitionDeps = SdkRetryDeps & {
  readonly claimSecret: Buffer
  readonly claims: ClaimStore
  readonly store: Pick<HoldStore, 'readDecision'>
}

/** What the hold is to carry, or the refusal that names the earlier request. */
export async function repetitionOf(
  deps: RepetitionDeps,
  headers: Headers,
  { accountId, keyId }: CustomerKey,
  sent: {
    readonly path: string
    readonly bodySha256: string
    readonly holdId: string
    readonly startedAtMs: number
    readonly quote: Quote | undefined
  },
): Promise<Result<Pick<CompleteOrder, 'claim' | 'retryTag'>>> {
  const { path, bodySha256, holdId, startedAtMs: nowMs } = sent
  const terms = { accountId, path, bodySha256, nowMs, secret: deps.claimSecret }
  const claim = sent.quote ? quoteClaimOf(headers, sent.quote, terms) : claimOf(headers, terms)
  if (!claim.ok) return claim
  if (sent.quote && claim.value && isExpired(sent.quote, nowMs)) {
    // Whoever lost the reply to its request must learn of that, and not be told to buy again.
    const used = await refusalOfUse(deps, accountId, claim.value)
    return used ? { ok: false, error: claimError(used) } : quoteExpired
  }
  if (claim.value) return ok({ claim: claim.value })
  const retryTag = retryTagOf(terms, keyId)
  if (isSdkRetry(headers)) {
    const refusal = await recogniseRetry(deps, { accountId, holdId, retryTag, nowMs })
    if (refusal) return { ok: false, error: refusal }
  }
  return ok({ claim: undefined, retryTag })
}
