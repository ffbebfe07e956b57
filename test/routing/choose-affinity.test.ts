// A conversation's own host: how it is found again, and when it is left.
import { describe, expect, test } from 'vitest'
import type { Candidate } from '../../src/fleet/pool.ts'
import { sha256Hex } from '../../src/protocol/canonical.ts'
import { choose } from '../../src/routing/choose.ts'
import { openPolicy } from '../../src/routing/policy.ts'
import { aCandidate } from '../adapters/dynamodb/facts.ts'
import { makeStream } from '../sim/engine/random.ts'
import { modelOnSale } from '../support/model-on-sale.ts'

const model = { ...modelOnSale('maker/model'), version: 1 }
const pool = Array.from({ length: 10 }, (_, index) =>
  aCandidate({ headroom: 0.8, firstContentP50Ms: 100 + index, reputation: 0.9 }),
)
const keyOf = (conversation: number) => sha256Hex(`conversation ${conversation}`)

type Changes = { readonly from?: readonly Candidate[]; readonly random?: () => number }
/** Rolls of a half: no exploring, and a host without any free slot counts as loaded to nobody. */
function hostsOf(conversation: number, { from = pool, random = () => 0.5 }: Changes = {}) {
  const draw = { affinity: keyOf(conversation), random }
  return choose(model, from, openPolicy, draw).candidates.map(({ nodeId }) => nodeId)
}

/** How often each host goes first for this conversation, at 1,000 gateways with dice of their own. */
function firstsOf(conversation: number, from: readonly Candidate[]) {
  const { unit } = makeStream(11, `conversation ${conversation}`)
  const firsts = Array.from(
    { length: 1_000 },
    () => hostsOf(conversation, { from, random: unit })[0],
  )
  return (nodeId: string) => firsts.filter((first) => first === nodeId).length / firsts.length
}

const ownOf = (conversation: number): string => hostsOf(conversation)[0] ?? ''
const withRoom = (conversation: number, headroom: number) =>
  pool.map((one) => (one.nodeId === ownOf(conversation) ? { ...one, headroom } : one))

describe('a conversation', () => {
  test('has one host, in whatever order a gateway reads the pool', () => {
    for (let one = 0; one < 50; one += 1) {
      expect(hostsOf(one, { from: pool.toReversed() })[0]).toBe(ownOf(one))
    }
  })

  test('is one of many, that are shared out over all hosts', () => {
    const owners = new Set(Array.from({ length: 200 }, (_, one) => ownOf(one)))
    expect(owners.size).toBe(pool.length)
  })

  test('keeps its host when another leaves', () => {
    for (let one = 0; one < 50; one += 1) {
      const [, other] = pool.filter(({ nodeId }) => nodeId !== ownOf(one))
      const from = pool.filter((candidate) => candidate !== other)
      expect(hostsOf(one, { from })[0]).toBe(ownOf(one))
    }
  })

  test('has fallbacks that are drawn, so that a full host’s work does not crowd at the next', () => {
    const { unit } = makeStream(5, 'fallbacks')
    const seconds = Array.from({ length: 300 }, () => hostsOf(1, { random: unit })[1])
    const others = new Set(seconds.filter((nodeId) => nodeId !== ownOf(1)))
    expect(others.size).toBe(pool.length - 1)
  })

  test('is drawn like any other in 2 of 100 requests, so that newcomers are tried', () => {
    const share = firstsOf(1, pool)(ownOf(1))
    // Of the drawn ones some come to its own host all the same.
    expect(1 - share).toBeGreaterThan(0.01)
    expect(1 - share).toBeLessThan(0.025)
  })
})

describe('its host', () => {
  test.each([1, 0.5, 0.26])('is asked while %d of its slots are free', (headroom) => {
    expect(firstsOf(2, withRoom(2, headroom))(ownOf(2))).toBeGreaterThan(0.97)
  })

  test('loses its work little by little as it fills up', () => {
    const shares = [0.26, 0.2, 0.15, 0.1, 0.05, 0].map((headroom) =>
      firstsOf(2, withRoom(2, headroom))(ownOf(2)),
    )
    for (const [at, share] of shares.slice(1).entries()) expect(share).toBeLessThan(shares[at] ?? 0)
  })

  test('is still asked by half when it had no slot free: it says at once whether that is so', () => {
    const share = firstsOf(2, withRoom(2, 0))(ownOf(2))
    expect(Math.abs(share - 0.5)).toBeLessThan(0.05)
  })

  test('is found where it stands, though it has not told its load', () => {
    const silent = pool.map(({ headroom: _, ...one }) => one)
    expect(hostsOf(2, { from: silent })[0]).toBe(ownOf(2))
  })

  test('is one of the loaded where all are', () => {
    const full = pool.map((one) => ({ ...one, headroom: 0 }))
    expect(hostsOf(2, { from: full, random: () => 0.99 })[0]).toBe(ownOf(2))
  })
})

test('conversations are shared out as the market has it, not evenly', () => {
  const dear = aCandidate({ reputation: 0.9 })
  const cheap = aCandidate({ reputation: 0.9, routeTier: 'portable_local' })
  const newcomer = aCandidate()
  const [row] = model.prices
  if (!row) throw new Error('a price')
  const prices = [
    row,
    {
      ...row,
      route_tier: 'portable_local' as const,
      prompt_usd_per_mtok: '0.5',
      completion_usd_per_mtok: '1',
    },
  ]
  const random = () => 0.5
  const homes = Array.from(
    { length: 4_000 },
    (_, one) =>
      choose({ ...model, prices }, [dear, cheap, newcomer], openPolicy, {
        affinity: keyOf(one),
        random,
      }).candidates[0]?.nodeId,
  )
  const shareOf = ({ nodeId }: Candidate) => homes.filter((home) => home === nodeId).length / 4_000
  expect(Math.abs(shareOf(cheap) / shareOf(dear) - 4)).toBeLessThan(0.5)
  // A tenth beside the best reputation, and 0.829 is what a reputation of 0.9 weighs.
  expect(Math.abs(shareOf(newcomer) / shareOf(dear) - 0.1 / 0.829)).toBeLessThan(0.05)
})
