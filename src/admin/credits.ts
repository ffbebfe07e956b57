/** Money that comes in: a payment that was made elsewhere, or a grant of ours. */
import * as z from 'zod'
import { isoTime } from '../http/iso-time.ts'
import { credit } from '../ledger/credit.ts'
import type { Entry } from '../ledger/journal.ts'
import type { PostDeps } from '../ledger/post.ts'
import { formatUsd } from '../money/nano-usd.ts'
import { absurd } from '../protocol/assert.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { AmountUsd, amountOf, postingUnknown, Reference, referenceReused } from './posting-terms.ts'
import type { Call } from './routes.ts'

export const CreditDraft = z.strictObject({
  amount_usd: AmountUsd,
  kind: z.enum(['top_up', 'grant']),
  reference: Reference,
})

export async function creditAccount(
  deps: PostDeps,
  draft: z.infer<typeof CreditDraft>,
  { id: accountId, by }: Call,
): Promise<Result<object>> {
  const amount = amountOf(draft.amount_usd)
  if (!amount.ok) return amount
  const { kind, reference } = draft
  const credited = await credit(deps, { accountId, kind, amount: amount.value, reference, by })
  switch (credited.kind) {
    case 'credited':
      return ok(toWireCredit(credited.entry, accountId, amount.value))
    case 'credited_before':
      return credited.isSame
        ? ok(toWireCredit(credited.entry, accountId, amount.value))
        : referenceReused()
    case 'no_account':
      return refuse('account_not_found')
    case 'unavailable':
      return postingUnknown()
    default:
      return absurd(credited)
  }
}

function toWireCredit(
  { entryId, kind, reference, atMs }: Entry,
  accountId: string,
  amount: bigint,
) {
  return {
    object: 'credit',
    id: entryId,
    account_id: accountId,
    kind,
    amount_usd: formatUsd(amount),
    reference,
    created_at: isoTime(atMs),
  }
}
