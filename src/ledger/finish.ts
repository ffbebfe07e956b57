/**
 * Ending a hold: decide first, then move the money. Whoever writes the decision first, the gateway or
 * the sweeper, has decided; everyone else completes that decision, whatever they had in mind.
 */
import { absurd, assert } from '../protocol/assert.ts'
import type { NowMs, Sleep } from '../protocol/clock.ts'
import { counterReturns } from './counters.ts'
import type { Decision, HoldStore } from './ports.ts'
import { resolveUnknown } from './retry.ts'
import type { Hold } from './wallet.ts'

export type FinishDeps = {
  readonly store: Pick<HoldStore, 'decide' | 'settle'>
  readonly sleep: Sleep
  readonly nowMs: NowMs
  /** When the hold was taken, from its id: names the periods of its counters. */
  readonly timeOfId: (holdId: string) => number
}

export type Finished =
  | {
      /** The decision is durable: this is the outcome, whatever happens next. */
      readonly kind: 'finished'
      readonly decision: Decision
      readonly wasFirst: boolean
      /** False when it is not known whether the money has moved; then the sweeper moves it. */
      readonly isSettled: boolean
    }
  /** Whether a decision was made is unknown; the sweeper will resolve the hold. */
  | { readonly kind: 'unavailable' }

export async function finishHold(
  deps: FinishDeps,
  hold: Hold,
  intended: Decision,
): Promise<Finished> {
  assertCharge(hold, intended)
  const outcome = await resolveUnknown(() => deps.store.decide(intended), deps.sleep)
  switch (outcome.kind) {
    case 'unknown':
      return { kind: 'unavailable' }
    case 'decided': {
      const isSettled = await applyDecision(deps, hold, intended)
      return { kind: 'finished', decision: intended, wasFirst: true, isSettled }
    }
    case 'decided_before': {
      const { decision } = outcome
      const wasFirst = decision.receipt.receipt_hash === intended.receipt.receipt_hash
      const isSettled = await applyDecision(deps, hold, decision)
      return { kind: 'finished', decision, wasFirst, isSettled }
    }
    default:
      return absurd(outcome)
  }
}

/** Moves the money as `decision` says; applying it twice changes nothing. */
export async function applyDecision(
  deps: FinishDeps,
  hold: Hold,
  decision: Decision,
): Promise<boolean> {
  const { accountId, holdId } = decision
  const due = dueOf(hold, decision)
  // Also a decision that was found and not made here must not move more than was held.
  assertCharge(hold, { holdId, charge: due.charge })
  const returns = counterReturns(
    hold.counted,
    { amount: hold.amount - due.charge, tokensUsed: due.tokens },
    { heldAtMs: deps.timeOfId(holdId), nowMs: deps.nowMs() },
  )
  const outcome = await resolveUnknown(
    () => deps.store.settle({ accountId, holdId, hold, charge: due.charge, returns }),
    deps.sleep,
  )
  return outcome.kind !== 'unknown'
}

/**
 * What a decision takes from a hold. A twin, which came back under the id after its decision, owes
 * nothing: the decision names another nonce, and took its charge from that hold.
 */
function dueOf(hold: Hold, decision: Decision) {
  const isTwin = decision.nonce !== undefined && decision.nonce !== hold.nonce
  if (isTwin) return { charge: 0n, tokens: 0 }
  const billed = decision.receipt.body.served?.usage.billed
  return { charge: decision.charge, tokens: (billed?.prompt ?? 0) + (billed?.completion ?? 0) }
}

function assertCharge(hold: Hold, { holdId, charge }: Pick<Decision, 'holdId' | 'charge'>): void {
  const detail = { holdId, charge, hold: hold.amount }
  assert(charge >= 0n && charge <= hold.amount, 'S6 0 ≤ charge ≤ hold', detail)
}
