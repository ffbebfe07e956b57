/**
 * A host whose dispatch was lost with its gateway may claim what it delivered. Nobody but us pays for
 * that, within bounds: the hold expired, the ticket was ours and this node's, the amount fits the
 * ticket and the hold, not too much a day, never for the owner's own traffic, and only after a wait
 * in which the operator can look.
 */
import { type NanoUsd, nanoUsdPerUsd, parseUsd } from '../money/nano-usd.ts'
import { chargeFor, type Price, splitCharge } from '../money/price.ts'
import type { TokenCounts } from '../protocol/usage.ts'
import { move } from './journal.ts'
import type { Guard, JournalStore, LateClaim } from './journal-ports.ts'
import type { Decision } from './ports.ts'
import { type PostDeps, post } from './post.ts'

export const lateClaimLimits = {
  escrowMs: 7 * 24 * 60 * 60_000,
  perNodeAndDay: { count: 3, amount: 5n * nanoUsdPerUsd },
  perAccountAndDay: { count: 3, amount: 20n * nanoUsdPerUsd },
} as const

/** A claim whose signatures, ticket and node were verified. */
export type VerifiedClaim = {
  readonly ticketHash: string
  readonly nodeId: string
  readonly holdId: string
  /** What the ticket allowed: tokens per choice, and choices. */
  readonly maxTokens: number
  readonly choices: number
  /** Null where the runtime reported none: then there is nothing to be paid by. */
  readonly usage: TokenCounts | null
  /** As pinned by the ticket; undefined where that version sold no such route. */
  readonly price: (Price & { readonly hostShareBps: number }) | undefined
}

export type LateClaimRefusal =
  | 'unknown_hold'
  /** The hold was charged or released: whatever was due has been paid. */
  | 'not_expired'
  | 'no_usage'
  | 'no_price'
  | 'own_traffic'
  | 'nothing_due'
  /** Another host of the same request was faster: one host is paid per hold. */
  | 'already_claimed'
  /** Node or account claims too often or too much today; it is suspended and will be looked at. */
  | 'under_review'

export type LateClaimed =
  | { readonly kind: 'escrowed'; readonly claim: LateClaim }
  | { readonly kind: 'refused'; readonly reason: LateClaimRefusal }
  | { readonly kind: 'unavailable' }

export type LateClaimDeps = PostDeps & {
  readonly journal: Pick<JournalStore, 'post' | 'readLateClaim'>
  /** The decision of an expired hold, by hold id alone. */
  readonly findExpired: (holdId: string) => Promise<Decision | undefined>
  readonly isOwnTraffic: (accountId: string, nodeId: string) => Promise<boolean>
  readonly suspendNode: (nodeId: string) => Promise<void>
  readonly suspendAccount: (accountId: string) => Promise<void>
}

export async function claimLate(
  deps: LateClaimDeps,
  verified: VerifiedClaim,
): Promise<LateClaimed> {
  const before = await deps.journal.readLateClaim(verified.ticketHash)
  if (before) return { kind: 'escrowed', claim: before }
  const decision = await deps.findExpired(verified.holdId)
  const judged = await judge(deps, verified, decision)
  if (judged.kind === 'refused') return judged
  const { claim } = judged
  const { nodeId, accountId, amount } = claim
  const posted = await post(
    deps,
    {
      kind: 'late_claim',
      legs: move(amount, { kind: 'shortfall' }, { kind: 'escrow', owner: nodeId }),
      reference: `late claim ${claim.holdId}`,
      by: nodeId,
      about: `${accountId} ${claim.holdId}`,
    },
    [{ kind: 'late_claim', claim, from: undefined }, ...dayGuards(claim)],
  )
  switch (posted.kind) {
    case 'posted':
      return { kind: 'escrowed', claim }
    case 'posted_before': {
      const winner = await deps.journal.readLateClaim(verified.ticketHash)
      return winner
        ? { kind: 'escrowed', claim: winner }
        : { kind: 'refused', reason: 'already_claimed' }
    }
    case 'refused': {
      const { by } = posted
      const isTooOften = typeof by === 'object' && by.kind === 'late_day'
      if (!isTooOften) return { kind: 'refused', reason: 'already_claimed' }
      await suspend(deps, by.subject, claim)
      return { kind: 'refused', reason: 'under_review' }
    }
    case 'unavailable':
      return posted
  }
}

type Judged =
  | { readonly kind: 'due'; readonly claim: LateClaim }
  | { readonly kind: 'refused'; readonly reason: LateClaimRefusal }

async function judge(
  deps: LateClaimDeps,
  verified: VerifiedClaim,
  decision: Decision | undefined,
): Promise<Judged> {
  const refused = (reason: LateClaimRefusal): Judged => ({ kind: 'refused', reason })
  if (!decision) return refused('unknown_hold')
  if (decision.receipt.body.result.status !== 'expired') return refused('not_expired')
  const { usage, price, nodeId, ticketHash, holdId } = verified
  if (!usage) return refused('no_usage')
  if (!price) return refused('no_price')
  const { accountId } = decision
  if (await deps.isOwnTraffic(accountId, nodeId)) return refused('own_traffic')
  const held = parseUsd(decision.receipt.private.hold_usd) ?? 0n
  const bounded = boundedCharge(verified, usage, price)
  const charge = bounded < held ? bounded : held
  const amount = splitCharge(charge, price.hostShareBps).hostShare
  if (amount === 0n) return refused('nothing_due')
  const claimedAtMs = deps.nowMs()
  const payableAtMs = claimedAtMs + lateClaimLimits.escrowMs
  const at = { claimedAtMs, payableAtMs, state: 'escrowed' } as const
  return { kind: 'due', claim: { ticketHash, nodeId, accountId, holdId, amount, ...at } }
}

function boundedCharge(
  { maxTokens, choices }: VerifiedClaim,
  usage: TokenCounts,
  price: Price,
): NanoUsd {
  const completion = Math.min(usage.completion, maxTokens * choices)
  // Units have no bound but the hold: a ticket names none.
  const { prompt, cached_prompt: cachedPrompt, units } = usage
  return chargeFor({ prompt, cachedPrompt, completion, units }, price)
}

function dayGuards({ nodeId, accountId, amount, claimedAtMs }: LateClaim): Guard[] {
  const day = new Date(claimedAtMs).toISOString().slice(0, 10)
  const { perNodeAndDay, perAccountAndDay } = lateClaimLimits
  return [
    { subject: nodeId, ...perNodeAndDay },
    { subject: accountId, ...perAccountAndDay },
  ].map((row) => ({
    kind: 'late_day',
    subject: row.subject,
    day,
    countMax: row.count,
    amount,
    amountMax: row.amount,
  }))
}

async function suspend(deps: LateClaimDeps, subject: string, claim: LateClaim): Promise<void> {
  if (subject === claim.nodeId) await deps.suspendNode(claim.nodeId)
  if (subject === claim.accountId) await deps.suspendAccount(claim.accountId)
}
