/**
 * Which hosts to try, in order. Policy removes candidates, each for a reason that the customer may
 * hear; of those left, two are drawn at random and the better one goes first, so that no single best
 * host draws the whole load. Who has kept its word is drawn more often, and newcomers now and then.
 */
import { type PricedModel, priceFor, type Tiers } from '../catalogue/model.ts'
import type { ExcludedBy } from '../fleet/blockers.ts'
import type { Candidate } from '../fleet/pool.ts'
import type { Price } from '../money/price.ts'
import type { Random } from '../protocol/clock.ts'
import { limits } from '../protocol/limits.ts'
import { exclusion, type RoutePolicy } from './policy.ts'

export type PricedCandidate = Candidate & { readonly price: Price }

export type Choice = {
  readonly candidates: readonly PricedCandidate[]
  /** Why others were left out; empty when nothing was. */
  readonly excludedBy: readonly ExcludedBy[]
}

export function choose(
  model: PricedModel,
  pool: readonly Candidate[],
  policy: RoutePolicy,
  random: Random,
): Choice {
  const kept: Kept[] = []
  const excluded = new Set<ExcludedBy>()
  const priceOf = pricesOf(model)
  for (const candidate of pool) {
    const price = priceOf(candidate)
    const reason = price ? exclusion(candidate, price, policy) : 'route_tier'
    if (reason !== undefined) excluded.add(reason)
    else if (price) kept.push({ candidate, price, weight: weightOf(candidate) })
  }
  const drawn = ordered(kept, random)
  return {
    candidates: drawn.map(({ candidate, price }) => ({ ...candidate, price })),
    excludedBy: [...excluded],
  }
}

type Kept = { readonly candidate: Candidate; readonly price: Price; readonly weight: number }

/** Candidates are many and tiers few: each price is worked out once. */
function pricesOf(model: PricedModel): (candidate: Candidate) => Price | undefined {
  const known: (Tiers & { readonly price: Price | undefined })[] = []
  return ({ routeTier, trustTier }) => {
    for (const one of known) {
      if (one.routeTier === routeTier && one.trustTier === trustTier) return one.price
    }
    const price = priceFor(model, { routeTier, trustTier })
    known.push({ routeTier, trustTier, price })
    return price
  }
}

/** Draws without replacement: the better of two first, until enough are drawn. */
function ordered(left: Kept[], random: Random): Kept[] {
  const drawn: Kept[] = []
  let total = left.reduce((sum, { weight }) => sum + weight, 0)
  while (left.length > 0 && drawn.length < limits.candidatesPerRequest) {
    const first = drawOne(left, total, random)
    const second = drawOne(left, total, random)
    const [one, other] = [left[first], left[second]]
    const index = one && other && isBetter(other, one) ? second : first
    for (const taken of left.splice(index, 1)) {
      total -= taken.weight
      drawn.push(taken)
    }
  }
  return drawn
}

/** What a newcomer weighs beside a host of the best reputation: enough to earn one. */
const explorationFloor = 0.1

const weightOf = ({ reputation = 0 }: Candidate): number =>
  explorationFloor + (1 - explorationFloor) * reputation ** 2

/** An index, each as likely as its weight says; `total` is the sum of the weights. */
function drawOne(all: readonly Kept[], total: number, random: Random): number {
  let place = random() * total
  let index = 0
  for (const { weight } of all) {
    place -= weight
    if (place < 0) return index
    index += 1
  }
  return all.length - 1
}

/** Cheaper wins; at one price, the host that was measured to answer sooner. */
function isBetter(one: Kept, other: Kept): boolean {
  const difference = one.price.completionNanoUsdPerMTok - other.price.completionNanoUsdPerMTok
  if (difference !== 0n) return difference < 0n
  return one.candidate.firstContentP50Ms < other.candidate.firstContentP50Ms
}
