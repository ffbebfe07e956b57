import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Candidate } from '../../src/fleet/pool.ts'
import { limits } from '../../src/protocol/limits.ts'
import { choose } from '../../src/routing/choose.ts'
import { isTooDear, type RoutePolicy } from '../../src/routing/policy.ts'
import { aCandidate } from '../adapters/dynamodb/facts.ts'
import { modelOnSale } from '../support/model-on-sale.ts'

const tierPrice = (route_tier: 'network_beta' | 'portable_local', completion: string) => ({
  route_tier,
  trust_tier: 'T0' as const,
  prompt_usd_per_mtok: '1',
  cached_prompt_usd_per_mtok: '0.5',
  completion_usd_per_mtok: completion,
})
const model = {
  ...modelOnSale('maker/model', {
    prices: [tierPrice('network_beta', '2'), tierPrice('portable_local', '1')],
  }),
  version: 1,
}
const anyone: RoutePolicy = {
  routeTiers: undefined,
  trustTiers: undefined,
  maxPrice: undefined,
  promptTokensMin: 10,
}
const price = { promptNanoUsdPerMTok: 1_000_000_000n, completionNanoUsdPerMTok: 1_500_000_000n }

/** A die that shows these values over and over. */
function dieOf(...values: readonly number[]) {
  let rolls = 0
  return () => values[rolls++ % values.length] ?? 0
}

/** A die like a real one, the same in every run: mulberry32. */
function seededDie(seed: number) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const idsOf = (pool: readonly Candidate[]) => pool.map(({ nodeId }) => nodeId)

describe('policy leaves out', () => {
  const beta = aCandidate()
  test.each([
    ['a tier that is not sold', { ...beta, routeTier: 'unknown' }, anyone, 'route_tier'],
    ['a trust tier that is not sold', { ...beta, trustTier: 'T1' }, anyone, 'route_tier'],
    ['other route tiers', beta, { ...anyone, routeTiers: ['portable_local'] }, 'route_tier'],
    ['other trust tiers', beta, { ...anyone, trustTiers: ['T1'] }, 'route_tier'],
    ['all where no tier is open', beta, { ...anyone, routeTiers: [] }, 'route_tier'],
    ['who cannot hold the prompt', { ...beta, contextLength: 10 }, anyone, 'context_length'],
    ['who is too dear', beta, { ...anyone, maxPrice: price }, 'max_price'],
  ] satisfies [string, Candidate, RoutePolicy, string][])('%s', (_, candidate, policy, reason) => {
    expect(choose(model, [candidate], policy, () => 0)).toEqual({
      candidates: [],
      excludedBy: [reason],
    })
  })

  test('each for one reason, told once', () => {
    const pool = [aCandidate({ contextLength: 1 }), aCandidate({ contextLength: 2 }), aCandidate()]
    const { candidates, excludedBy } = choose(model, pool, anyone, () => 0)
    expect(excludedBy).toEqual(['context_length'])
    expect(idsOf(candidates)).toEqual([pool[2]?.nodeId])
  })
})

test('those who stay carry the price of their tiers', () => {
  const pool = [aCandidate(), aCandidate({ routeTier: 'portable_local' })]
  const { candidates } = choose(model, pool, anyone, () => 0)
  const prices = Object.fromEntries(
    candidates.map((one) => [one.routeTier, one.price.completionNanoUsdPerMTok]),
  )
  expect(prices).toEqual({ network_beta: 2_000_000_000n, portable_local: 1_000_000_000n })
})

describe('of two drawn', () => {
  const dear = aCandidate({ firstContentP50Ms: 1 })
  const cheap = aCandidate({ routeTier: 'portable_local', firstContentP50Ms: 900 })
  const slow = aCandidate({ firstContentP50Ms: 900 })

  test('the cheaper goes first', () => {
    for (const pool of [
      [dear, cheap],
      [cheap, dear],
    ]) {
      expect(idsOf(choose(model, pool, anyone, dieOf(0, 0.9)).candidates)).toEqual([
        cheap.nodeId,
        dear.nodeId,
      ])
    }
  })

  test('at one price the quicker goes first', () => {
    for (const pool of [
      [slow, dear],
      [dear, slow],
    ]) {
      expect(idsOf(choose(model, pool, anyone, dieOf(0, 0.9)).candidates)).toEqual([
        dear.nodeId,
        slow.nodeId,
      ])
    }
  })

  test('the same one twice goes first, so that nobody is never seen', () => {
    expect(idsOf(choose(model, [dear, cheap], anyone, dieOf(0, 0)).candidates)).toEqual([
      dear.nodeId,
      cheap.nodeId,
    ])
  })
})

describe('the order', () => {
  const pool = Array.from({ length: 6 }, (_, rank) =>
    aCandidate({ firstContentP50Ms: 100 * (rank + 1) }),
  )

  test('is the same for the same rolls', () => {
    const orders = [1, 2].map(() => idsOf(choose(model, pool, anyone, seededDie(7)).candidates))
    expect(orders[0]).toEqual(orders[1])
  })

  test('has each of them at most once, and three at the most', () => {
    const rolls = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
      minLength: 1,
      maxLength: 12,
    })
    fc.assert(
      fc.property(rolls, fc.nat({ max: 6 }), (values, size) => {
        const some = pool.slice(0, size)
        const chosen = idsOf(choose(model, some, anyone, dieOf(...values)).candidates)
        expect(chosen).toHaveLength(Math.min(size, limits.candidatesPerRequest))
        expect(new Set(chosen).size).toBe(chosen.length)
        for (const nodeId of chosen) expect(idsOf(some)).toContain(nodeId)
      }),
    )
  })

  test('favours the better one and leaves none out', () => {
    const die = seededDie(42)
    const firsts = new Map<string, number>()
    for (let run = 0; run < 3_000; run += 1) {
      const first = choose(model, pool, anyone, die).candidates[0]?.nodeId ?? ''
      firsts.set(first, (firsts.get(first) ?? 0) + 1)
    }
    // Better of two of six: the best comes first in 11 of 36 draws, the next in 9, the last in 1.
    const shares = idsOf(pool).map((nodeId) => ((firsts.get(nodeId) ?? 0) * 36) / 3_000)
    for (const [rank, share] of shares.entries()) {
      expect(Math.abs(share - (11 - 2 * rank))).toBeLessThan(1)
    }
  })
})

describe('reputation', () => {
  const firstsOf = (pool: readonly Candidate[], runs: number) => {
    const die = seededDie(7)
    const firsts = Array.from(
      { length: runs },
      () => choose(model, pool, anyone, die).candidates[0]?.nodeId,
    )
    return (nodeId: string) => firsts.filter((first) => first === nodeId).length / runs
  }

  test('has a proven host drawn ten times as often as a newcomer of the same price', () => {
    const [proven, newcomer] = [aCandidate({ reputation: 1 }), aCandidate()]
    const share = firstsOf([proven, newcomer], 4_000)
    // Drawn twice, and at one price and speed the first drawn stays first.
    expect(share(proven.nodeId)).toBeCloseTo(10 / 11, 1)
    expect(share(newcomer.nodeId)).toBeCloseTo(1 / 11, 1)
  })

  test('leaves a newcomer among many proven hosts some work to prove itself by', () => {
    const newcomer = aCandidate()
    const pool = [newcomer, ...Array.from({ length: 31 }, () => aCandidate({ reputation: 0.98 }))]
    expect(firstsOf(pool, 20_000)(newcomer.nodeId)).toBeGreaterThan(0.001)
  })

  test('takes nearly all from a host that broke its word', () => {
    const [proven, fallen] = [aCandidate({ reputation: 0.95 }), aCandidate({ reputation: 0.05 })]
    expect(firstsOf([proven, fallen], 4_000)(fallen.nodeId)).toBeLessThan(0.13)
  })
})

test('a maximum price of one class says nothing of the other', () => {
  const row = { ...price, cachedPromptNanoUsdPerMTok: 0n }
  expect(isTooDear(row, undefined)).toBe(false)
  expect(isTooDear(row, price)).toBe(false)
  expect(isTooDear(row, { ...price, promptNanoUsdPerMTok: 999_999_999n })).toBe(true)
  expect(isTooDear(row, { ...price, completionNanoUsdPerMTok: 1_499_999_999n })).toBe(true)
})
