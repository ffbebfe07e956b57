import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Candidate } from '../../src/fleet/pool.ts'
import { limits } from '../../src/protocol/limits.ts'
import { choose } from '../../src/routing/choose.ts'
import { openPolicy, type RoutePolicy } from '../../src/routing/policy.ts'
import { aCandidate } from '../adapters/dynamodb/facts.ts'
import { makeStream } from '../sim/engine/random.ts'
import { modelOnSale } from '../support/model-on-sale.ts'

const tierPrice = (route_tier: 'network_beta' | 'portable_local', completion: string) => ({
  route_tier,
  trust_tier: 'T0' as const,
  prompt_usd_per_mtok: '1',
  cached_prompt_usd_per_mtok: '0.5',
  completion_usd_per_mtok: completion,
})
/** Half the price for `portable_local`, prompt and completion together. */
const model = {
  ...modelOnSale('maker/model', {
    prices: [tierPrice('network_beta', '5'), tierPrice('portable_local', '2')],
  }),
  version: 1,
}

/** A die that shows these values over and over. */
function dieOf(...values: readonly number[]) {
  let rolls = 0
  return () => values[rolls++ % values.length] ?? 0
}

const idsOf = (pool: readonly Candidate[]) => pool.map(({ nodeId }) => nodeId)
const drawnFrom = (pool: readonly Candidate[], random: () => number, policy = openPolicy) =>
  idsOf(choose(model, pool, policy, { affinity: undefined, random }).candidates)

/** How often each of them goes first. */
function firstsOf(pool: readonly Candidate[], runs: number, policy: RoutePolicy = openPolicy) {
  const random = makeStream(7, 'draws').unit
  const firsts = Array.from({ length: runs }, () => drawnFrom(pool, random, policy)[0])
  return (nodeId: string) => firsts.filter((first) => first === nodeId).length / runs
}

test('those who stay carry the price of their tiers', () => {
  const pool = [aCandidate(), aCandidate({ routeTier: 'portable_local' })]
  const draw = { affinity: undefined, random: () => 0 }
  const prices = choose(model, pool, openPolicy, draw).candidates.map((one) => [
    one.routeTier,
    one.price.completionNanoUsdPerMTok,
  ])
  expect(Object.fromEntries(prices)).toEqual({
    network_beta: 5_000_000_000n,
    portable_local: 2_000_000_000n,
  })
})

describe('of two drawn', () => {
  const quick = aCandidate({ firstContentP50Ms: 1 })
  const slow = aCandidate({ firstContentP50Ms: 900 })

  test.each([[[slow, quick]], [[quick, slow]]])('the quicker goes first', (pool) => {
    expect(drawnFrom(pool, dieOf(0.5, 0.5, 0, 0.9))).toEqual([quick.nodeId, slow.nodeId])
  })

  test('the same one twice goes first, so that nobody is never seen', () => {
    expect(drawnFrom([slow, quick], () => 0)).toEqual([slow.nodeId, quick.nodeId])
  })
})

describe('the order', () => {
  const pool = Array.from({ length: 6 }, (_, rank) =>
    aCandidate({ firstContentP50Ms: 100 * (rank + 1) }),
  )

  test.each([undefined, 'a'.repeat(64)])('is the same for the same rolls, key %j', (affinity) => {
    const orders = [1, 2].map(() => {
      const random = makeStream(7, 'rolls').unit
      return Array.from({ length: 50 }, () =>
        idsOf(choose(model, pool, openPolicy, { affinity, random }).candidates),
      )
    })
    expect(orders[0]).toEqual(orders[1])
  })

  test('has each of them at most once, and three at the most', () => {
    const rolls = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
      minLength: 1,
      maxLength: 12,
    })
    const keys = fc.option(fc.stringMatching(/^[0-9a-f]{64}$/), { nil: undefined })
    const rooms = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
      minLength: 6,
      maxLength: 6,
    })
    fc.assert(
      fc.property(rolls, keys, rooms, fc.nat({ max: 6 }), (values, affinity, free, size) => {
        const some = pool.slice(0, size).map((one, at) => ({ ...one, headroom: free[at] }))
        const draw = { affinity, random: dieOf(...values) }
        const chosen = idsOf(choose(model, some, openPolicy, draw).candidates)
        expect(chosen).toHaveLength(Math.min(size, limits.candidatesPerRequest))
        expect(new Set(chosen).size).toBe(chosen.length)
        for (const nodeId of chosen) expect(idsOf(some)).toContain(nodeId)
      }),
    )
  })

  test('ends with the first where there are to be no fallbacks', () => {
    const policy = { ...openPolicy, allowsFallbacks: false }
    expect(drawnFrom(pool, () => 0, policy)).toEqual([pool[0]?.nodeId])
  })

  test('favours the better one and leaves none out', () => {
    const share = firstsOf(pool, 3_000)
    // Better of two of six: the best comes first in 11 of 36 draws, the next in 9, the last in 1.
    for (const [rank, nodeId] of idsOf(pool).entries()) {
      expect(Math.abs(share(nodeId) * 36 - (11 - 2 * rank))).toBeLessThan(1)
    }
  })
})

describe('a sort', () => {
  const dear = aCandidate({ firstContentP50Ms: 300, tokensPerSecondP50: 50 })
  const cheap = aCandidate({
    routeTier: 'portable_local',
    firstContentP50Ms: 200,
    tokensPerSecondP50: 30,
  })
  const quick = aCandidate({ firstContentP50Ms: 100, tokensPerSecondP50: 40 })
  const pool = [dear, cheap, quick]

  test.each([
    ['price', cheap],
    ['throughput', dear],
    ['latency', quick],
  ] as const)('by %s has its best first, always', (sort, best) => {
    expect(firstsOf(pool, 200, { ...openPolicy, sort })(best.nodeId)).toBe(1)
  })

  test('puts one that has no room behind those who have', () => {
    const full = { ...quick, headroom: 0 }
    const policy = { ...openPolicy, sort: 'latency' as const }
    expect(drawnFrom([dear, cheap, full], () => 0.9, policy)).toEqual(idsOf([cheap, dear, full]))
  })

  test('leaves a conversation to one of the hosts that are equal in it', () => {
    const equals = Array.from({ length: 8 }, () => aCandidate({ routeTier: 'portable_local' }))
    const policy = { ...openPolicy, sort: 'price' as const }
    const draw = { affinity: 'b'.repeat(64), random: () => 0.9 }
    const [first] = idsOf(choose(model, [dear, ...equals], policy, draw).candidates)
    expect(idsOf(equals)).toContain(first)
    const again = choose(model, [...equals, dear], policy, { ...draw, random: () => 0.5 })
    expect(again.candidates[0]?.nodeId).toBe(first)
  })
})

describe('the market', () => {
  test('has a host of half the price drawn four times as often', () => {
    const [dear, cheap] = [aCandidate(), aCandidate({ routeTier: 'portable_local' })]
    const share = firstsOf([dear, cheap], 4_000)
    expect(Math.abs(share(cheap.nodeId) - 4 / 5)).toBeLessThan(0.03)
    expect(Math.abs(share(dear.nodeId) - 1 / 5)).toBeLessThan(0.03)
  })

  test('has a host of four times the slots drawn four times as often', () => {
    const [small, large] = [aCandidate({ slots: 8 }), aCandidate({ slots: 32 })]
    expect(Math.abs(firstsOf([small, large], 4_000)(large.nodeId) - 4 / 5)).toBeLessThan(0.03)
  })

  test('believes no host more than 64 slots', () => {
    const [large, boaster] = [aCandidate({ slots: 64 }), aCandidate({ slots: 1_000_000 })]
    expect(Math.abs(firstsOf([large, boaster], 4_000)(boaster.nodeId) - 1 / 2)).toBeLessThan(0.03)
  })

  test('has a proven host drawn ten times as often as a newcomer of the same price', () => {
    const [proven, newcomer] = [aCandidate({ reputation: 1 }), aCandidate()]
    const share = firstsOf([proven, newcomer], 4_000)
    expect(Math.abs(share(proven.nodeId) - 10 / 11)).toBeLessThan(0.03)
  })

  test('leaves a newcomer among many proven hosts some work to prove itself by', () => {
    const newcomer = aCandidate()
    const pool = [newcomer, ...Array.from({ length: 31 }, () => aCandidate({ reputation: 0.98 }))]
    expect(firstsOf(pool, 5_000)(newcomer.nodeId)).toBeGreaterThan(0.001)
  })

  test('takes nearly all from a host that broke its word', () => {
    const [proven, fallen] = [aCandidate({ reputation: 0.95 }), aCandidate({ reputation: 0.05 })]
    expect(firstsOf([proven, fallen], 4_000)(fallen.nodeId)).toBeLessThan(0.13)
  })
})
