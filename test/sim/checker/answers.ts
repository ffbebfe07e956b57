/**
 * What callers were told: S7 (it is durable with that amount), S9 (one owner of a dispatch), S10 (one
 * idempotency key, one effect, one answer).
 */
import type { IdempotencyClaim, Reservation } from '../../../src/ledger/ports.ts'
import type { StoredReceipt } from '../../../src/protocol/receipt.ts'
import { verify } from '../engine/violation.ts'
import type { CheckerContext } from './context.ts'
import { accountOf } from './record.ts'

/** By what its client sent along, whatever of that reached the store. */
export function noteClaimed(context: CheckerContext, { accountId, holdId }: Reservation): void {
  const { seen, count } = context
  const claim = seen.asked.get(holdId)
  if (!claim) return
  const account = accountOf(seen, accountId)
  const before = seen.claims.get(claim.claimHash)
  if (!before) {
    const { fingerprint } = claim
    seen.claims.set(claim.claimHash, { fingerprint, holdIds: [holdId], answer: undefined })
    return
  }
  const isSameBody = before.fingerprint === claim.fingerprint
  verify(isSameBody, 'S10', () => `${holdId} took the key of another body`)
  for (const earlier of before.holdIds) {
    const decision = account.decisions.get(earlier)
    const isFree = decision?.charge === 0n && decision.receipt.body.result.status !== 'completed'
    verify(isFree, 'S10', () => `${holdId} and ${earlier} both have an effect under one key`)
  }
  before.holdIds.push(holdId)
  count('claim: taken over after an attempt without effect')
}

/**
 * `run`: one run of the use case; failover attempts of one run share its hold. `atMs`: by the clock
 * of its gateway, as is the time in the hold's id.
 */
export function noteDispatched(
  { seen, timeOfId, deadlineMs }: CheckerContext,
  { run, holdId, atMs }: { readonly run: string; readonly holdId: string; readonly atMs: number },
): void {
  const lateMs = atMs - timeOfId(holdId) - deadlineMs
  verify(lateMs < 0, 'deadline', () => `${holdId} was dispatched ${lateMs} ms after its deadline`)
  const owner = seen.dispatches.get(holdId)
  if (owner === undefined) {
    const isHeld = [...seen.accounts.values()].some((account) =>
      [...account.holds.values()].some((hold) => hold.holdId === holdId),
    )
    verify(isHeld, 'S9', () => `${holdId} was dispatched without a hold`)
    seen.dispatches.set(holdId, run)
    return
  }
  verify(owner === run, 'S9', () => `${holdId} was dispatched by ${owner} and by ${run}`)
}

/** A customer was shown this receipt as the end of a request. */
export function noteToldReceipt(
  context: CheckerContext,
  accountId: string,
  told: { readonly receipt: StoredReceipt; readonly costUsd: string },
): void {
  const { receipt, costUsd } = told
  const holdId = receipt.private.request_id
  const decision = accountOf(context.seen, accountId).decisions.get(holdId)
  const isSame =
    decision?.receipt.receipt_hash === receipt.receipt_hash &&
    decision.receipt.body.charge.charge_usd === costUsd
  verify(isSame, 'S7', () => `the customer was shown ${costUsd} for ${holdId}, which is not so`)
}

/**
 * A whole answer went out under an idempotency key. One whose hold the sweeper had ended meanwhile
 * cost nothing and left the key free: it may be followed by another.
 */
export function noteToldAnswer(
  { seen, count }: CheckerContext,
  claim: IdempotencyClaim | undefined,
  { receipt_hash: answer, body }: StoredReceipt,
): void {
  const known = claim && seen.claims.get(claim.claimHash)
  if (!known) return
  if (body.result.status === 'expired') {
    count('told: an answer that had expired meanwhile')
    return
  }
  const isOne = known.answer === undefined || known.answer === answer
  verify(isOne, 'S10', () => `two answers under one key: ${known.answer} and ${answer}`)
  known.answer = answer
}

/** The answer said that an earlier attempt under this key has completed. */
export function noteToldCompleted(
  context: CheckerContext,
  accountId: string,
  claim: IdempotencyClaim | undefined,
  told: { readonly holdId: string; readonly receiptHash: string },
): void {
  const decision = accountOf(context.seen, accountId).decisions.get(told.holdId)
  const isSame = decision?.receipt.receipt_hash === told.receiptHash
  verify(isSame, 'S10', () => `the customer was shown a receipt of ${told.holdId} that is not so`)
  const holds = context.seen.claims.get(claim?.claimHash ?? '')?.holdIds
  const isOwn = holds?.includes(told.holdId) === true
  verify(isOwn, 'S10', () => `${told.holdId} has nothing to do with the key that was asked`)
}

/** A host was told that its late claim waits for it. */
export function noteToldEscrowed({ seen }: CheckerContext, holdId: string): void {
  verify(seen.paidLate.has(holdId), 'S7', () => `${holdId} is not paid late, but was said to be`)
}

/** An operator or a provider was told that this reference stands. */
export function noteToldPosted({ seen }: CheckerContext, reference: string): void {
  verify(
    seen.entries.has(reference),
    'S7',
    () => `"${reference}" is not posted, but was said to be`,
  )
}
