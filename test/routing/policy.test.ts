import { describe, expect, test } from 'vitest'
import type { Candidate } from '../../src/fleet/pool.ts'
import { choose, eligible } from '../../src/routing/choose.ts'
import { isTooDear, openPolicy, type RoutePolicy } from '../../src/routing/policy.ts'
import { aCandidate } from '../adapters/dynamodb/facts.ts'
import { modelOnSale } from '../support/model-on-sale.ts'

const model = { ...modelOnSale('maker/model'), version: 1 }
const draw = { affinity: undefined, random: () => 0 }
const price = { promptNanoUsdPerMTok: 1_000_000_000n, completionNanoUsdPerMTok: 1_500_000_000n }

const beta = aCandidate({ region: 'eu-west-1' })
const unmeasured = aCandidate({ capabilities: undefined })
const hosts = (lists: Partial<RoutePolicy['hosts']>) => ({
  hosts: { ...openPolicy.hosts, ...lists },
})
const profiles = [beta.profileId]
const nodes = [beta.nodeId]

const reasonOf = (candidate: Candidate, policy: Partial<RoutePolicy>) =>
  choose(model, [candidate], { ...openPolicy, ...policy }, draw).excludedBy

describe('policy leaves out', () => {
  test.each([
    ['a tier that is not sold', { ...beta, routeTier: 'unknown' }, {}, 'route_tier'],
    ['a trust tier that is not sold', { ...beta, trustTier: 'T1' }, {}, 'route_tier'],
    ['other route tiers', beta, { routeTiers: ['portable_local'] }, 'route_tier'],
    ['other trust tiers', beta, { trustTiers: ['T1'] }, 'route_tier'],
    ['all where no tier is open', beta, { routeTiers: [] }, 'route_tier'],
    [
      'who cannot hold the prompt',
      { ...beta, contextLength: 10 },
      { promptTokensMin: 10 },
      'context_length',
    ],
    ['who is too dear', beta, { maxPrice: price }, 'max_price'],
    ['other regions', beta, { regions: ['us'] }, 'region'],
    ['a region whose name only begins alike', beta, { regions: ['eu-west-11', 'eu-w'] }, 'region'],
    ['who does not say where it stands', aCandidate(), { regions: ['eu'] }, 'region'],
    ['who is not on the list', beta, hosts({ only: ['maker/model@q2'] }), 'provider'],
    ['an ignored build', beta, hosts({ ignore: profiles }), 'provider'],
    ['an ignored node', beta, hosts({ ignore: nodes, mayNameNodes: true }), 'provider'],
    ['who is listed and ignored', beta, hosts({ only: profiles, ignore: profiles }), 'provider'],
    ['a node that the key may not name', beta, hosts({ only: nodes }), 'provider'],
    ['who was never measured', unmeasured, { needs: ['tools'] }, 'require_parameters'],
    [
      'who was measured not to be able',
      { ...beta, capabilities: ['tools'] },
      { needs: ['tools', 'vision'] },
      'require_parameters',
    ],
  ] satisfies [string, Candidate, Partial<RoutePolicy>, string][])(
    '%s',
    (_, candidate, policy, reason) => {
      expect(reasonOf(candidate, policy)).toEqual([reason])
    },
  )

  test('each for one reason, told once', () => {
    const pool = [aCandidate({ contextLength: 1 }), aCandidate({ contextLength: 2 }), beta]
    const policy = { ...openPolicy, promptTokensMin: 2 }
    const { candidates, excludedBy } = choose(model, pool, policy, draw)
    expect(excludedBy).toEqual(['context_length'])
    expect(candidates).toMatchObject([{ nodeId: beta.nodeId }])
    expect(eligible(model, pool, policy)).toEqual([beta])
  })
})

describe('policy keeps', () => {
  test.each([
    ['the region itself', beta, { regions: ['us', 'eu-west-1'] }],
    ['what lies in a wider region', beta, { regions: ['eu'] }],
    ['a listed build', beta, hosts({ only: profiles })],
    ['a listed node', beta, hosts({ only: nodes, mayNameNodes: true })],
    ['a node that the key may not name and so cannot ignore', beta, hosts({ ignore: nodes })],
    ['who was measured to be able', beta, { needs: ['tools', 'jsonSchema', 'logprobs', 'vision'] }],
    ['who was not measured, where nothing is needed', unmeasured, {}],
  ] satisfies [string, Candidate, Partial<RoutePolicy>][])('%s', (_, candidate, policy) => {
    expect(reasonOf(candidate, policy)).toEqual([])
  })
})

test('a maximum price of one class says nothing of the other', () => {
  const row = { ...price, cachedPromptNanoUsdPerMTok: 0n }
  expect(isTooDear(row, undefined)).toBe(false)
  expect(isTooDear(row, price)).toBe(false)
  expect(isTooDear(row, { ...price, promptNanoUsdPerMTok: 999_999_999n })).toBe(true)
  expect(isTooDear(row, { ...price, completionNanoUsdPerMTok: 1_499_999_999n })).toBe(true)
})
