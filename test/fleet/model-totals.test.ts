import { describe, expect, test } from 'vitest'
import { makeModelTotals } from '../../src/fleet/model-totals.ts'
import type { Candidate } from '../../src/fleet/pool.ts'
import { aCandidate, aModel, aProfile } from '../adapters/dynamodb/facts.ts'

const model = { ...aModel(), version: 1 }

function totalsOf(...hosts: readonly (readonly Partial<Candidate>[])[]) {
  const totals = makeModelTotals(model)
  for (const builds of hosts) {
    const { nodeId } = aCandidate()
    totals.addNode(
      builds.map((changes) => ({
        candidate: aCandidate({ nodeId, ...changes }),
        profile: aProfile(nodeId),
      })),
    )
  }
  return totals.toPublic()
}

const fast = { firstContentP50Ms: 100, tokensPerSecondP50: 80 }
const slow = { firstContentP50Ms: 400, tokensPerSecondP50: 20 }
/** Percentiles are read from a histogram: to within 2.5 is near enough to tell these two apart. */
const near = (value: number) => expect.closeTo(value, -0.7)

describe('a host with two builds of a model', () => {
  test('weighs as much as each other one, by the worst of its builds', () => {
    const totals = totalsOf([fast], [fast], [slow, slow])
    expect(totals).toMatchObject({
      eligibleHosts: 3,
      firstContentP50Ms: near(100),
      tokensPerSecondP50: near(80),
    })
    expect(totalsOf([fast, slow])).toMatchObject({
      eligibleHosts: 1,
      firstContentP50Ms: near(400),
      tokensPerSecondP50: near(20),
      variants: [
        {
          eligibleHosts: 1,
          firstContentMs: { p50: near(400), p95: near(400) },
          tokensPerSecond: { p50: near(20), p5: near(20) },
        },
      ],
    })
  })

  test('counts once in each tier that it serves in', () => {
    const portable = { ...slow, routeTier: 'portable_local' } as const
    expect(totalsOf([fast, portable])).toMatchObject({
      eligibleHosts: 1,
      variants: [
        { routeTier: 'network_beta', eligibleHosts: 1, tokensPerSecond: { p50: near(80) } },
        { routeTier: 'portable_local', eligibleHosts: 1, tokensPerSecond: { p50: near(20) } },
      ],
    })
  })
})

test('a model that nobody serves is not public', () => {
  expect(totalsOf()).toBeUndefined()
  expect(totalsOf([])).toBeUndefined()
})
