/** Sound values of the fleet, the catalogue and keys, each changed as a test needs it. */
import { createHash } from 'node:crypto'
import { ulid } from 'ulid'
import type {
  NodeFacts,
  NodeProfile,
  ObservedBenchmark,
  QueueFact,
  Steadiness,
} from '../../../src/fleet/node.ts'
import { allCapabilities, type Candidate } from '../../../src/fleet/pool.ts'
import type { Beat, JoinCode } from '../../../src/fleet/ports.ts'
import type { CustomerKey } from '../../../src/keys/api-key.ts'
import { CatalogueModel } from '../../../src/protocol/catalogue.ts'
import type { HostFacts } from '../../../src/protocol/heartbeat.ts'
import { nodeAliasOf, nodeIdOf } from '../../../src/protocol/node-identity.ts'

export const nowMs = Date.UTC(2026, 10, 21, 5, 10)
export const digest = `sha256:${'a'.repeat(64)}`

let names = 0
/** Unlike any other in this process, and the same in every run. */
const freshName = () => {
  names += 1
  return createHash('sha256').update(`fact ${names}`).digest('base64url')
}

export function aNode(changes: Partial<NodeFacts> = {}): NodeFacts {
  const publicKey = freshName()
  const nodeId = nodeIdOf(publicKey)
  return {
    nodeId,
    alias: nodeAliasOf(nodeId),
    publicKey,
    ownerId: 'owner-1',
    status: 'pending',
    mode: 'network',
    trustTier: 'T0',
    route: { kind: 'direct', url: 'https://host-1.example', epoch: 1 },
    enrolledAtMs: nowMs,
    ...changes,
  }
}

export const aHostFacts: HostFacts = { os: 'linux', arch: 'x64', driver: null, gpus: [] }

export const aJoinCode = (changes: Partial<JoinCode> = {}): JoinCode => ({
  codeHash: freshName(),
  ownerId: 'owner-1',
  expiresAtMs: nowMs + 15 * 60_000,
  ...changes,
})

/** Long steady: two beats since a return before every time that tests speak of. */
export const aSteadiness = (changes: Partial<Steadiness> = {}): Steadiness => ({
  returnedAtMs: 0,
  beats: 2,
  returnsAtMs: [],
  coolUntilMs: 0,
  coolMs: 0,
  ...changes,
})

export const aQueue = (changes: Partial<QueueFact> = {}): QueueFact => ({
  health: 'ok',
  reachable: true,
  kind: 'vllm',
  version: '0.11.2',
  used: 0,
  capacity: 8,
  ...changes,
})

export const aBeat = (nodeId: string, changes: Partial<Beat> = {}): Beat => ({
  nodeId,
  seq: nowMs,
  bootId: '6f1c1f0e-54a1-4d0a-9a0f-0c9a1f1e2d3c',
  beatAtMs: nowMs,
  state: 'ready',
  paidEnabled: true,
  inventoryDigest: 'b'.repeat(64),
  factsDigest: 'f'.repeat(64),
  steadiness: aSteadiness(),
  formerBoot: undefined,
  queues: { 'vllm-0': aQueue() },
  ...changes,
})

export const aProfile = (nodeId: string, changes: Partial<NodeProfile> = {}): NodeProfile => ({
  nodeId,
  profileId: 'maker/model@q8',
  model: 'maker/model',
  runtimeId: 'vllm-0',
  runtimeKind: 'vllm',
  routeTier: 'network_beta',
  artifactDigest: digest,
  contextLength: 32_768,
  installStatus: 'installed',
  remote: false,
  benchmark: undefined,
  liveSpeed: undefined,
  spotChecks: undefined,
  ...changes,
})

export const aBenchmark = (changes: Partial<ObservedBenchmark> = {}): ObservedBenchmark => ({
  benchmarkId: 'bench-1',
  atMs: nowMs,
  expiresAtMs: nowMs + 86_400_000,
  artifactDigest: digest,
  runtimeVersion: '0.11.2',
  factsDigest: 'f'.repeat(64),
  routeKind: 'direct',
  harnessVersion: '1',
  isPaid: true,
  samples: 12,
  firstContentP95Ms: 240,
  prefillTokensPerSecond: 900,
  tokensPerSecondP5: 55,
  concurrencyAtTarget: 4,
  errorRate: 0,
  countRatio: 1,
  capabilities: {
    streaming: true,
    usage: true,
    stop: true,
    abort: true,
    tools: true,
    jsonSchema: true,
    logprobs: true,
    contextTokens: 16_384,
  },
  flags: [],
  firstContentP50Ms: 180.5,
  tokensPerSecondP50: 61.25,
  ...changes,
})

export const aModel = (changes: Partial<CatalogueModel> = {}): CatalogueModel =>
  CatalogueModel.parse({
    id: 'maker/model',
    name: 'Model',
    context_length: 32_768,
    max_output_tokens: 8_192,
    benchmark_price: { prompt_usd_per_mtok: '0.5', completion_usd_per_mtok: '1.5' },
    prices: [
      {
        route_tier: 'network_beta',
        trust_tier: 'T0',
        prompt_usd_per_mtok: '0.2',
        cached_prompt_usd_per_mtok: '0.05',
        completion_usd_per_mtok: '0.6',
      },
    ],
    profiles: [],
    ...changes,
  })

export function aCandidate(changes: Partial<Candidate> = {}): Candidate {
  const { nodeId, publicKey, route } = aNode()
  return {
    nodeId,
    publicKey,
    routeUrl: route.url,
    routeEpoch: route.epoch,
    profileId: 'maker/model@q8',
    runtimeId: 'vllm-0',
    runtimeKind: 'vllm',
    routeTier: 'network_beta',
    trustTier: 'T0',
    artifactDigest: digest,
    contextLength: 32_768,
    benchmarkId: 'bench-1',
    firstContentP50Ms: 180.5,
    tokensPerSecondP50: 61.25,
    capabilities: allCapabilities,
    ...changes,
  }
}

export const anAccountId = () => `acct_${ulid(nowMs)}`

const noLimits = {
  spendPerDay: undefined,
  spendPerMonth: undefined,
  requestsPerMinute: undefined,
  tokensPerMinute: undefined,
  concurrency: undefined,
}

export const aKey = (
  accountId: string,
  changes: Partial<CustomerKey> = {},
): Omit<CustomerKey, 'ordinal'> => ({
  keyId: `key_${ulid(nowMs)}`,
  keyHash: freshName(),
  accountId,
  name: 'production',
  status: 'active',
  scopes: ['inference'],
  policy: { exposes_node_id: false },
  ...noLimits,
  createdAtMs: nowMs,
  expiresAtMs: undefined,
  secret: 1,
  previousSecretUntilMs: undefined,
  spendTightenedAtMs: undefined,
  version: 1,
  ...changes,
})
