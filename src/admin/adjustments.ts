/** Corrections of a balance. Above a limit a second operator must approve what the first asked for. */
import * as z from 'zod'
import {
  type Adjusted,
  adjust,
  approveAdjustment,
  type AdjustDeps as LedgerAdjustDeps,
} from '../ledger/adjust.ts'
import { customerGain } from '../ledger/credit.ts'
import type { Entry } from '../ledger/journal.ts'
import type { Adjustment, JournalStore } from '../ledger/journal-ports.ts'
import type { AccountStore } from '../ledger/ports.ts'
import { formatUsd } from '../money/nano-usd.ts'
import { absurd } from '../protocol/assert.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { toWireEntry } from './entries.ts'
import {
  AdjustmentReference,
  AmountUsd,
  postingUnknown,
  referenceReused,
  signedAmountOf,
} from './posting-terms.ts'
import type { Call } from './routes.ts'

export type AdjustDeps = LedgerAdjustDeps & {
  readonly journal: Pick<JournalStore, 'readEntry'>
  readonly accounts: Pick<AccountStore, 'readAccount'>
}

export const AdjustmentDraft = z.strictObject({
  amount_usd: AmountUsd,
  reason: z.string().trim().min(1).max(256),
  reference: AdjustmentReference,
})

export async function adjustBalance(
  deps: AdjustDeps,
  draft: z.infer<typeof AdjustmentDraft>,
  { id: accountId, by }: Call,
): Promise<Result<object>> {
  const amount = signedAmountOf(draft.amount_usd)
  if (!amount.ok) return amount
  if (!(await deps.accounts.readAccount(accountId))) return refuse('account_not_found')
  const { reference, reason } = draft
  return toAnswer(
    deps,
    await adjust(deps, { accountId, amount: amount.value, reference, reason, by }),
  )
}

export async function approve(deps: AdjustDeps, { id, by }: Call): Promise<Result<object>> {
  return toAnswer(deps, await approveAdjustment(deps, { reference: id, by }))
}

/** What a second operator is to approve, and what became of it. */
export async function showAdjustment(
  { journal }: Pick<AdjustDeps, 'journal'>,
  reference: string,
): Promise<Result<object>> {
  const requested = await journal.readAdjustment(reference)
  if (requested?.state === 'requested') return ok(toWireRequest(requested))
  const entry = await journal.readEntry(reference)
  return entry?.kind === 'adjustment' ? ok(toWirePosted(entry)) : refuse('adjustment_not_found')
}

async function toAnswer(deps: AdjustDeps, adjusted: Adjusted): Promise<Result<object>> {
  switch (adjusted.kind) {
    case 'adjusted':
      return ok(toWirePosted(adjusted.entry))
    case 'adjusted_before':
      return adjusted.isSame ? ok(toWirePosted(adjusted.entry)) : referenceReused()
    case 'requested':
      // The same request again may find it approved by now.
      return adjusted.isSame
        ? showAdjustment(deps, adjusted.adjustment.reference)
        : referenceReused()
    case 'no_request':
      return refuse('adjustment_not_found')
    case 'same_operator':
      return refuse('second_operator_required')
    case 'not_covered':
      return refuse('state_conflict', {
        message: "The account's available balance does not cover this adjustment.",
      })
    case 'unavailable':
      return postingUnknown()
    default:
      return absurd(adjusted)
  }
}

function toWireRequest({ reference, accountId, amount, reason, requestedBy }: Adjustment) {
  return {
    ...adjustmentLines({ reference, accountId, amount, reason }),
    status: 'awaiting_approval',
    requested_by: requestedBy,
    entry: null,
  }
}

function toWirePosted(entry: Entry) {
  const { reference, about: reason } = entry
  const [accountId = ''] = entry.legs.flatMap(({ account }) =>
    account.kind === 'customer' ? [account.owner] : [],
  )
  const amount = customerGain(entry, accountId) ?? 0n
  return {
    ...adjustmentLines({ reference, accountId, amount, reason }),
    status: 'posted',
    entry: toWireEntry(entry),
  }
}

function adjustmentLines({
  reference,
  accountId,
  amount,
  reason,
}: Pick<Adjustment, 'reference' | 'accountId' | 'amount' | 'reason'>) {
  return {
    object: 'adjustment',
    reference,
    account_id: accountId,
    amount_usd: formatUsd(amount),
    reason,
  }
}
