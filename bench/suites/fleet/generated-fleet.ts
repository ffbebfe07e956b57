/**
 * A fleet of any size that is never in memory: each row is made when it is asked for, the same in
 * every run. Of seven nodes one does not serve, so that passes meet blockers as well.
 */
import { createHash } from 'node:crypto'
import type { PricedModel } from '../../../src/catalogue/model.ts'
import type { HotItem, NodeFacts, NodeProfile } from '../../../src/fleet/node.ts'
import type { FleetRow } from '../../../src/fleet/pool.ts'
import { CatalogueModel } from '../../../src/protocol/catalogue.ts'
import { nodeIdOf } from '../../../src/protocol/node-identity.ts'
import { aBeat, aBenchmark, aProfile } from '../../../test/adapters/dynamodb/facts.ts'

export const benchNowMs = Date.UTC(2026, 10, 21, 5, 10)
export const profilesPerNode = 2
const modelCount = 20
const buildsPerModel = 4
const version = '0.11.2'

const hex = (name: string) => createHash('sha256').update(name).digest('hex')
const digestOf = (model: number, build: number) => `sha256:${hex(`build ${model} ${build}`)}`
const modelId = (model: number) => `maker-${model}/model-${model}-instruct`

export const benchModels: readonly PricedModel[] = Array.from(
  { length: modelCount },
  (_, model) => {
    const price = { prompt_usd_per_mtok: '0.2', completion_usd_per_mtok: '0.6' }
    const ratio = { mean: 4, band: 0.25 }
    return {
      ...CatalogueModel.parse({
        id: modelId(model),
        name: `Model ${model}`,
        context_length: 32_768,
        max_output_tokens: 8_192,
        benchmark_price: price,
        prices: (['T0', 'T1', 'T2'] as const).map((trust_tier) => ({
          route_tier: 'network_beta',
          trust_tier,
          cached_prompt_usd_per_mtok: '0.05',
          ...price,
        })),
        profiles: Array.from({ length: buildsPerModel }, (_, build) => ({
          profile_id: `${modelId(model)}@b${build}`,
          artifact: { format: 'gguf', digest: digestOf(model, build), quantization: `Q${build}` },
          runtime_kinds: ['vllm'],
          bytes_per_token: { prompt: ratio, completion: ratio },
        })),
      }),
      version: 1,
    }
  },
)

export async function* generatedRows(nodes: number): AsyncGenerator<FleetRow> {
  for (let index = 0; index < nodes; index += 1) yield generatedRow(index)
}

export function generatedRow(index: number): FleetRow {
  const publicKey = createHash('sha256').update(`node ${index}`).digest('base64url')
  const nodeId = nodeIdOf(publicKey)
  return {
    node: nodeOf(index, nodeId, publicKey),
    hot: hotOf(index, nodeId),
    profiles: Array.from({ length: profilesPerNode }, (_, at) => profileOf(index, at, nodeId)),
  }
}

const nodeOf = (index: number, nodeId: string, publicKey: string): NodeFacts => ({
  nodeId,
  alias: 'B3IQ-N7K4',
  publicKey,
  ownerId: `owner-${index % 5_000}`,
  status: 'active',
  mode: 'network',
  trustTier: (['T0', 'T1', 'T2'] as const)[index % 3] ?? 'T0',
  route: { kind: 'direct', url: `https://${nodeId.slice(2)}.hosts.example.net:8443`, epoch: 1 },
  enrolledAtMs: benchNowMs,
  hostFacts: { os: 'linux', arch: 'x64', driver: '570.86.15', gpus: [] },
})

const hotOf = (index: number, nodeId: string): HotItem => ({
  ...aBeat(nodeId, {
    beatAtMs: benchNowMs - (index % 7 === 0 ? 70_000 : 5_000),
    inventoryDigest: hex(`inventory ${index}`),
    factsDigest: hex(`facts ${index}`),
  }),
  isRevoked: false,
  probe: { okAtMs: benchNowMs - 30_000, failures: 0, epoch: 1 },
  disabledProfiles: [],
  breakers: {},
  liveness: 'fresh',
})

function profileOf(index: number, at: number, nodeId: string): NodeProfile {
  // Runs of one model beside each other would flatter the writer: neighbours serve others.
  const model = (index * profilesPerNode + at) % modelCount
  const build = index % buildsPerModel
  const artifactDigest = digestOf(model, build)
  return aProfile(nodeId, {
    profileId: `${modelId(model)}@b${build}`,
    model: modelId(model),
    artifactDigest,
    benchmark: aBenchmark({
      benchmarkId: hex(`benchmark ${index} ${at}`),
      expiresAtMs: benchNowMs + 86_400_000 + index * 977,
      artifactDigest,
      runtimeVersion: version,
      factsDigest: hex(`facts ${index}`),
      firstContentP50Ms: 80 + (index % 997) * 1.37,
      tokensPerSecondP50: 20 + (index % 389) * 0.71,
    }),
  })
}
