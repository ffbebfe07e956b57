import { describe, expect, test } from 'vitest'
import { ownerTagOf } from '../../src/fleet/owner-tag.ts'
import { candidateWith, judgeNode, toCandidate } from '../../src/fleet/pool.ts'
import { aBeat, aBenchmark, aNode, aProfile, nowMs } from '../adapters/dynamodb/facts.ts'
import { modelOnSale } from '../support/model-on-sale.ts'

const model = { ...modelOnSale('maker/model'), version: 3 }
const node = aNode({ status: 'active' })
const hot = {
  ...aBeat(node.nodeId),
  probe: { okAtMs: nowMs, failures: 0, epoch: 1 },
  disabledProfiles: [],
  breakers: {},
  isRevoked: false,
  liveness: 'fresh' as const,
}
const benchmark = aBenchmark()
const profile = aProfile(node.nodeId, { benchmark })

describe('a node is judged', () => {
  const codesOf = (row: Parameters<typeof judgeNode>[0], models = [model]) =>
    judgeNode(row, models, { nowMs, grace: undefined }).map(
      ({ profile: { profileId }, eligibility }) => [
        profileId,
        eligibility.blockers.map(({ code }) => code),
      ],
    )

  test('profile by profile', () => {
    const other = aProfile(node.nodeId, { profileId: 'maker/model@q4', remote: true })
    expect(codesOf({ node, hot, profiles: [profile, other] })).toEqual([
      ['maker/model@q8', []],
      ['maker/model@q4', ['remote_model', 'benchmark_missing']],
    ])
  })

  test('by the prices of its own tiers', () => {
    const priced = { ...node, trustTier: 'T1' as const }
    expect(codesOf({ node: priced, hot, profiles: [profile] })).toEqual([
      ['maker/model@q8', ['route_tier_closed']],
    ])
  })

  test('for a model that nobody sells as unapproved and unpriced', () => {
    expect(codesOf({ node, hot, profiles: [profile] }, [])).toEqual([
      ['maker/model@q8', ['artifact_not_approved', 'route_tier_closed']],
    ])
  })
})

describe('a candidate', () => {
  const [judged] = judgeNode({ node, hot, profiles: [profile] }, [model], {
    nowMs,
    grace: undefined,
  })

  test('has all that a dispatch needs, and its evidence', () => {
    expect(judged && toCandidate(judged)).toEqual({
      nodeId: node.nodeId,
      publicKey: node.publicKey,
      ownerTag: ownerTagOf(node.ownerId),
      routeUrl: node.route.url,
      routeEpoch: 1,
      profileId: 'maker/model@q8',
      runtimeId: 'vllm-0',
      runtimeKind: 'vllm',
      routeTier: 'network_beta',
      trustTier: 'T0',
      artifactDigest: profile.artifactDigest,
      contextLength: 32_768,
      benchmarkId: benchmark.benchmarkId,
      firstContentP50Ms: benchmark.firstContentP50Ms,
      tokensPerSecondP50: benchmark.tokensPerSecondP50,
      capabilities: ['tools', 'jsonSchema', 'logprobs'],
      slots: 8,
      headroom: 1,
      evidence: {
        untilMs: benchmark.expiresAtMs,
        runtimeVersion: benchmark.runtimeVersion,
        factsDigest: benchmark.factsDigest,
      },
    })
  })

  test('is nobody without evidence, unless someone measures', () => {
    const bare = { ...profile, benchmark: undefined }
    expect(judged && toCandidate({ ...judged, profile: bare })).toBeUndefined()
    const none = { benchmarkId: '', firstContentP50Ms: 0, tokensPerSecondP50: 0 }
    const measured = candidateWith(node, bare, none)
    expect(measured).toMatchObject({ nodeId: node.nodeId, ...none })
    expect(measured.evidence).toBeUndefined()
  })
})
