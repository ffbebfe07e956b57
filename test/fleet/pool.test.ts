import { describe, expect, test } from 'vitest'
import { candidateWith, judgeNode, toCandidate, toShards } from '../../src/fleet/pool.ts'
import { limits } from '../../src/protocol/limits.ts'
import {
  aBeat,
  aBenchmark,
  aCandidate,
  aNode,
  aProfile,
  nowMs,
} from '../adapters/dynamodb/facts.ts'
import { modelOnSale } from '../support/model-on-sale.ts'

const model = { ...modelOnSale('maker/model'), version: 3 }
const node = aNode({ status: 'active' })
const hot = {
  ...aBeat(node.nodeId),
  probe: { okAtMs: nowMs, failures: 0, epoch: 1 },
  disabledProfiles: [],
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
    })
  })

  test('is nobody without evidence, unless someone measures', () => {
    const bare = { ...profile, benchmark: undefined }
    expect(judged && toCandidate({ ...judged, profile: bare })).toBeUndefined()
    const none = { benchmarkId: '', firstContentP50Ms: 0, tokensPerSecondP50: 0 }
    expect(candidateWith(node, bare, none)).toMatchObject({ nodeId: node.nodeId, ...none })
  })
})

describe('a pool', () => {
  const pool = (size: number) => ({
    candidates: Array.from({ length: size }, () => aCandidate()),
    excludedBy: ['route_down' as const],
  })
  const { candidatesPerShard } = limits

  test.each([
    [0, 1],
    [1, 1],
    [candidatesPerShard, 1],
    [candidatesPerShard + 1, 2],
    [10 * candidatesPerShard, 10],
  ])('of %i is dealt over %i shards, evenly, each candidate once', (size, count) => {
    const { candidates, excludedBy } = pool(size)
    const shards = toShards(model, { candidates, excludedBy }, { nowMs, grace: undefined })
    expect(shards).toHaveLength(count)
    for (const shard of shards) {
      expect(shard).toMatchObject({ model, builtAtMs: nowMs, shards: count, excludedBy })
    }
    const sizes = shards.map((shard) => shard.candidates.length)
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
    const dealt = shards.flatMap((shard) => shard.candidates.map(({ nodeId }) => nodeId))
    expect(dealt.sort()).toEqual(candidates.map(({ nodeId }) => nodeId).sort())
  })
})
