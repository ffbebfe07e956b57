/** The fixed furniture of every history: nodes, one model, and customers with their keys. */
import { createHash, createPrivateKey } from 'node:crypto'
import type { PricedModel } from '../../src/catalogue/model.ts'
import type { HotItem } from '../../src/fleet/node.ts'
import type { Candidate, PoolShard } from '../../src/fleet/pool.ts'
import type { CustomerKey } from '../../src/keys/api-key.ts'
import { formatUsd } from '../../src/money/nano-usd.ts'
import { makeSigner, PrivateKeyJwk, type Signer } from '../../src/protocol/ed25519.ts'
import { nodeIdOf } from '../../src/protocol/node-identity.ts'
import type { Caps, CustomerSetting } from './setting.ts'

export type SimNode = {
  readonly nodeId: string
  readonly ownerId: string
  readonly signer: Signer
  readonly candidate: Candidate
  readonly hot: HotItem
}

export type Customer = {
  readonly accountId: string
  readonly ownerId: string
  readonly keys: readonly CustomerKey[]
}

const digest = `sha256:${'a'.repeat(64)}`
const profileId = 'maker/model@q8'
const runtimeId = 'vllm-0'
const farFutureMs = Date.UTC(2100, 0, 1)

const nodeCount = 3

export const nodes: readonly SimNode[] = Array.from({ length: nodeCount }, (_, index) => {
  const signer = makeSigner(keyOfNobody(`node ${index}`))
  const nodeId = nodeIdOf(signer.publicKey)
  return {
    nodeId,
    ownerId: `owner-${index}`,
    signer,
    candidate: candidateOf(nodeId, signer.publicKey, index),
    hot: hotItemOf(nodeId),
  }
})

/** The same in every run, so that what it signs is the same as well. */
function keyOfNobody(name: string): PrivateKeyJwk {
  const derHead = Buffer.from('302e020100300506032b657004220420', 'hex')
  const seed = createHash('sha256').update(name).digest()
  const key = createPrivateKey({
    key: Buffer.concat([derHead, seed]),
    format: 'der',
    type: 'pkcs8',
  })
  return PrivateKeyJwk.parse(key.export({ format: 'jwk' }))
}

function candidateOf(nodeId: string, publicKey: string, index: number): Candidate {
  return {
    nodeId,
    publicKey,
    routeUrl: `https://host-${index}.example`,
    routeEpoch: 1,
    profileId,
    runtimeId,
    runtimeKind: 'vllm',
    routeTier: 'network_beta',
    trustTier: 'T0',
    artifactDigest: digest,
    contextLength: 32_768,
    benchmarkId: 'bench-1',
    firstContentP50Ms: 180,
    tokensPerSecondP50: 60,
  }
}

/** Always fresh and always proven: which hosts are alive is not what is simulated. */
function hotItemOf(nodeId: string): HotItem {
  return {
    nodeId,
    seq: 1,
    bootId: '6f1c1f0e-54a1-4d0a-9a0f-0c9a1f1e2d3c',
    beatAtMs: farFutureMs,
    state: 'ready',
    paidEnabled: true,
    inventoryDigest: 'b'.repeat(64),
    factsDigest: 'f'.repeat(64),
    steadiness: { returnedAtMs: 0, beats: 2, returnsAtMs: [], coolUntilMs: 0, coolMs: 0 },
    formerBoot: undefined,
    isRevoked: false,
    queues: {
      [runtimeId]: {
        health: 'ok',
        reachable: true,
        kind: 'vllm',
        version: '0.11.2',
        used: 0,
        capacity: 8,
      },
    },
    probe: { okAtMs: farFutureMs, failures: 0, epoch: 1 },
    disabledProfiles: [],
    breakers: {},
    liveness: 'fresh',
  }
}

const perMTok = (nanoUsdPerToken: bigint) => formatUsd(nanoUsdPerToken * 1_000_000n)

/** About 1,000 nano-USD a prompt token and 2,000 a completion token; odd, so that shares round. */
export function modelAt(version: number, percent: number): PricedModel {
  const scaled = (nanoUsd: bigint) => perMTok((nanoUsd * BigInt(percent)) / 100n)
  const ratio = { mean: 4, band: 0.25 }
  return {
    id: 'maker/model',
    name: 'Model',
    description: '',
    context_length: 32_768,
    max_output_tokens: 8_192,
    host_share_bps: 8_000,
    benchmark_price: { prompt_usd_per_mtok: '4', completion_usd_per_mtok: '8' },
    prices: [
      {
        route_tier: 'network_beta',
        trust_tier: 'T0',
        prompt_usd_per_mtok: scaled(1_003n),
        cached_prompt_usd_per_mtok: scaled(501n),
        completion_usd_per_mtok: scaled(2_009n),
      },
    ],
    profiles: [
      {
        profile_id: profileId,
        artifact: { format: 'gguf', digest, quantization: 'Q8_0' },
        runtime_kinds: ['vllm'],
        bytes_per_token: { prompt: ratio, completion: ratio },
      },
    ],
    version,
  }
}

export function shardOf(model: PricedModel, candidates: readonly Candidate[]): PoolShard {
  return { model, builtAtMs: 0, shards: 1, candidates, excludedBy: [] }
}

export function customersOf(settings: readonly CustomerSetting[]): readonly Customer[] {
  return settings.map(({ keys, ownsNode }, at) => {
    const accountId = `acct_${'0'.repeat(25)}${at + 1}`
    const ownerId = ownsNode ? (nodes[0]?.ownerId ?? '') : `customer-${at}`
    return { accountId, ownerId, keys: keys.map((caps, key) => keyOf(accountId, at, key, caps)) }
  })
}

function keyOf(accountId: string, customer: number, index: number, caps: Caps): CustomerKey {
  return {
    keyId: `key_${'0'.repeat(24)}${customer + 1}${index + 1}`,
    keyHash: `hash-${customer}-${index}`,
    accountId,
    ordinal: index + 1,
    name: 'key',
    status: 'active',
    scopes: ['inference'],
    policy: { exposes_node_id: false },
    ...caps,
    createdAtMs: 0,
    expiresAtMs: undefined,
    secret: 1,
    previousSecretUntilMs: undefined,
    spendTightenedAtMs: undefined,
    version: 1,
  }
}
