/**
 * A correction by an operator, in either direction. Above a limit it waits for a second operator:
 * the one who asks for it can never be the one who approves it.
 */
import { type NanoUsd, nanoUsdPerUsd } from '../money/nano-usd.ts'
import { customerGain } from './credit.ts'
import { type Entry, move } from './journal.ts'
import type { Adjustment, Guard, JournalStore } from './journal-ports.ts'
import { type PostDeps, post } from './post.ts'

/** Up to this amount one operator's word is enough. */
export const aloneNanoUsdMax: NanoUsd = 100n * nanoUsdPerUsd

export type AdjustDeps = PostDeps & {
  readonly journal: Pick<JournalStore, 'post' | 'requestAdjustment' | 'readAdjustment'>
}

export type AdjustmentOrder = Pick<Adjustment, 'reference' | 'accountId' | 'amount' | 'reason'> & {
  readonly by: string
}

export type Adjusted =
  | { readonly kind: 'adjusted'; readonly entry: Entry }
  | { readonly kind: 'adjusted_before'; readonly entry: Entry; readonly isSame: boolean }
  /** Above the limit: waits for another operator's approval. */
  | { readonly kind: 'requested'; readonly adjustment: Adjustment; readonly isSame: boolean }
  | { readonly kind: 'no_request' }
  /** The operator who asked for it cannot approve it. */
  | { readonly kind: 'same_operator' }
  /** No such account, or less available than the adjustment takes. */
  | { readonly kind: 'not_covered' }
  | { readonly kind: 'unavailable' }

export async function adjust(deps: AdjustDeps, order: AdjustmentOrder): Promise<Adjusted> {
  const { reference, accountId, amount, reason, by } = order
  if (magnitude(amount) <= aloneNanoUsdMax) return postAdjustment(deps, order, [])
  const requested = await deps.journal.requestAdjustment({
    reference,
    accountId,
    amount,
    reason,
    requestedBy: by,
    requestedAtMs: deps.nowMs(),
    state: 'requested',
  })
  const isSame = requested.accountId === accountId && requested.amount === amount
  return { kind: 'requested', adjustment: requested, isSame }
}

export async function approveAdjustment(
  deps: AdjustDeps,
  { reference, by }: { readonly reference: string; readonly by: string },
): Promise<Adjusted> {
  const requested = await deps.journal.readAdjustment(reference)
  if (!requested) return { kind: 'no_request' }
  if (requested.requestedBy === by) return { kind: 'same_operator' }
  return postAdjustment(deps, { ...requested, by }, [{ kind: 'approval', reference }])
}

async function postAdjustment(
  deps: AdjustDeps,
  { reference, accountId, amount, reason, by }: AdjustmentOrder,
  guards: readonly Guard[],
): Promise<Adjusted> {
  const customer = { kind: 'customer', owner: accountId } as const
  const source = { kind: 'adjustments' } as const
  const legs = amount < 0n ? move(-amount, customer, source) : move(amount, source, customer)
  const draft = { kind: 'adjustment', legs, reference, by, about: reason } as const
  const posted = await post(deps, draft, guards)
  switch (posted.kind) {
    case 'posted':
      return { kind: 'adjusted', entry: posted.entry }
    case 'posted_before': {
      const { entry } = posted
      const isSame = entry.kind === 'adjustment' && customerGain(entry, accountId) === amount
      return { kind: 'adjusted_before', entry, isSame }
    }
    case 'refused':
      return { kind: 'not_covered' }
    case 'unavailable':
      return posted
  }
}

const magnitude = (amount: NanoUsd): NanoUsd => (amount < 0n ? -amount : amount)
