/**
 * Which hosts to try, in order. Policy removes candidates, each for a reason that the customer may
 * hear. Of those left, a conversation's own host goes first while it has room; who has no conversation
 * is served by the better of two that are drawn, so that no single best host draws the whole load.
 */
import { type PricedModel, priceFor, type Tiers } from '../catalogue/model.ts'
import type { ExcludedBy } from '../fleet/blockers.ts'
import type { Candidate } from '../fleet/pool.ts'
import type { Price } from '../money/price.ts'
import type { SortBy } from '../protocol/chat-request.ts'
import type { Random } from '../protocol/clock.ts'
import { limits } from '../protocol/limits.ts'
import { type AffinityKey, hashOfPlace, pullsOf } from './affinity.ts'
import { capacityOf, loadedFor } from './headroom.ts'
import { exclusion, type RoutePolicy } from './policy.ts'

export type PricedCandidate = Candidate & { readonly price: Price }

export type Choice = {
  readonly candidates: readonly PricedCandidate[]
  /** Why others were left out; empty when nothing was. */
  readonly excludedBy: readonly ExcludedBy[]
}

type Draw = { readonly affinity: AffinityKey | undefined; readonly random: Random }

export function choose(
  model: PricedModel,
  pool: readonly Candidate[],
  policy: RoutePolicy,
  draw: Draw,
): Choice {
  const { kept, excluded } = sift(model, pool, policy)
  const count = policy.allowsFallbacks ? limits.candidatesPerRequest : 1
  const chosen = ordered(kept, { sort: policy.sort, count }, draw)
  return {
    candidates: chosen.map(({ candidate, price }) => ({ ...candidate, price })),
    excludedBy: [...excluded],
  }
}

/** Those of them that such a request may be sent to. */
export const eligible = (
  model: PricedModel,
  pool: readonly Candidate[],
  policy: RoutePolicy,
): readonly Candidate[] => sift(model, pool, policy).kept.map(({ candidate }) => candidate)

type Offer = {
  readonly candidate: Candidate
  readonly price: Price
  /** Never 0, so that what is given away can be weighed as well. */
  readonly cost: number
}
type Kept = Offer & { readonly weight: number }

function sift(model: PricedModel, pool: readonly Candidate[], policy: RoutePolicy) {
  const offers: Offer[] = []
  const excluded = new Set<ExcludedBy>()
  const pricedFor = pricesOf(model)
  for (const candidate of pool) {
    const priced = pricedFor(candidate)
    const reason = priced ? exclusion(candidate, priced.price, policy) : 'route_tier'
    if (reason !== undefined) excluded.add(reason)
    else if (priced) offers.push({ candidate, price: priced.price, cost: priced.cost })
  }
  return { kept: weighed(offers), excluded }
}

type Priced = Pick<Offer, 'price' | 'cost'>

/** Candidates are many and tiers few: each price is worked out once. */
function pricesOf(model: PricedModel): (candidate: Candidate) => Priced | undefined {
  const known: (Tiers & { readonly priced: Priced | undefined })[] = []
  return ({ routeTier, trustTier }) => {
    for (const one of known) {
      if (one.routeTier === routeTier && one.trustTier === trustTier) return one.priced
    }
    const price = priceFor(model, { routeTier, trustTier })
    const priced = price && { price, cost: costOf(price) }
    known.push({ routeTier, trustTier, priced })
    return priced
  }
}

/** What a newcomer weighs beside a host of the best reputation: enough to earn one. */
const explorationFloor = 0.1
/** Of two hosts the one at half the price has four times the work. */
const priceExponent = 2

/**
 * The market, in one number: what a host holds, times how it kept its word, over what it costs. It
 * shares out draws and conversations alike.
 */
function weighed(offers: readonly Offer[]): Kept[] {
  const cheapest = offers.reduce((least, { cost }) => Math.min(least, cost), Infinity)
  return offers.map(({ candidate, price, cost }) => {
    const { reputation = 0 } = candidate
    const trust = explorationFloor + (1 - explorationFloor) * reputation ** 2
    const dearness = (cost / cheapest) ** priceExponent
    return { candidate, price, cost, weight: (capacityOf(candidate) * trust) / dearness }
  })
}

const costOf = (price: Price): number =>
  Math.max(
    1,
    Number(price.promptNanoUsdPerMTok + price.completionNanoUsdPerMTok + (price.unitNanoUsd ?? 0n)),
  )

/** Of requests with an affinity, how many are drawn all the same: by these newcomers are tried. */
const explorationShare = 0.02

/**
 * Who has room before who has none, and of each those before others that the customer's sort puts
 * first. The conversation's own host leads; the others are drawn, because all whose own host is full
 * would crowd at the next one.
 */
function ordered(
  kept: readonly Kept[],
  { sort, count }: { readonly sort: SortBy | undefined; readonly count: number },
  { affinity, random }: Draw,
): Kept[] {
  const explores = random() < explorationShare
  const isLoaded = loadedFor(random)
  const roomy: Kept[] = []
  const loaded: Kept[] = []
  for (const one of kept) (isLoaded(one.candidate) ? loaded : roomy).push(one)
  const groups = [roomy, loaded].flatMap((one) => ranked(one, sort))
  const home = affinity === undefined || explores ? undefined : strongest(groups[0], affinity)
  const chosen = home ? [home] : []
  for (const group of groups) {
    const others = group.filter((one) => one !== home)
    chosen.push(...takeDrawn(others, count - chosen.length, random))
  }
  return chosen
}

/** Groups that are equal in what the customer sorts by, the best first. */
function ranked(kept: readonly Kept[], sort: SortBy | undefined): readonly (readonly Kept[])[] {
  if (sort === undefined) return kept.length > 0 ? [kept] : []
  const groups = Map.groupBy(kept, (one) => rankBy[sort](one))
  return [...groups].toSorted(([one], [other]) => one - other).map(([, group]) => group)
}

const rankBy: Readonly<Record<SortBy, (offer: Offer) => number>> = {
  price: ({ cost }) => cost,
  throughput: ({ candidate }) => -candidate.tokensPerSecondP50,
  latency: ({ candidate }) => candidate.firstContentP50Ms,
}

/** Where the key belongs among these. */
function strongest(kept: readonly Kept[] = [], affinity: AffinityKey): Kept | undefined {
  let home: Kept | undefined
  let most = 0
  const pullOf = pullsOf(affinity)
  for (const one of kept) {
    const pull = pullOf(placeHashOf(one.candidate), one.weight)
    if (pull <= most) continue
    home = one
    most = pull
  }
  return home
}

/** A candidate is as long in memory as the shard that brought it. */
const placeHashes = new WeakMap<Candidate, number>()

function placeHashOf(candidate: Candidate): number {
  const known = placeHashes.get(candidate)
  if (known !== undefined) return known
  const hash = hashOfPlace(`${candidate.nodeId}/${candidate.profileId}`)
  placeHashes.set(candidate, hash)
  return hash
}

/** Draws them out of `left`: the better of two first, until enough are drawn. */
function takeDrawn(left: Kept[], count: number, random: Random): Kept[] {
  const taken: Kept[] = []
  let total = 0
  for (const { weight } of left) total += weight
  while (left.length > 0 && taken.length < count) {
    const first = drawOne(left, total, random)
    const second = drawOne(left, total, random)
    const [one, other] = [left[first], left[second]]
    const index = one && other && isBetter(other, one) ? second : first
    for (const next of left.splice(index, 1)) {
      total -= next.weight
      taken.push(next)
    }
  }
  return taken
}

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

/** Of one price or two: what is dear is drawn the less. */
const isBetter = (one: Kept, other: Kept): boolean =>
  one.candidate.firstContentP50Ms < other.candidate.firstContentP50Ms
