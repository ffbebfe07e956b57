/** One request, planned over one shard, as the tests of plans write it. */
import type { Candidate, PoolShard } from '../../src/fleet/pool.ts'
import { planRequest } from '../../src/gateway/plan.ts'
import type { CustomerKey } from '../../src/keys/api-key.ts'
import type { CatalogueModel } from '../../src/protocol/catalogue.ts'
import { ChatRequest } from '../../src/protocol/chat-request.ts'
import { aCandidate, aKey } from '../adapters/dynamodb/facts.ts'
import { modelOnSale } from '../support/model-on-sale.ts'

export const price = (route_tier: 'network_beta' | 'portable_local', completion: string) => ({
  route_tier,
  trust_tier: 'T0' as const,
  prompt_usd_per_mtok: '1',
  cached_prompt_usd_per_mtok: '0.5',
  completion_usd_per_mtok: completion,
})
export const someCandidate = aCandidate({ profileId: 'maker/model@q8' })

export function shardOf(
  candidates: readonly Candidate[],
  changes: { model?: Partial<CatalogueModel>; excludedBy?: PoolShard['excludedBy'] } = {},
): PoolShard {
  return {
    model: { ...modelOnSale('maker/model', changes.model), version: 1 },
    builtAtMs: 0,
    shards: 1,
    candidates,
    excludedBy: changes.excludedBy ?? [],
  }
}

export const keyWith = (policy: Partial<CustomerKey['policy']> = {}): CustomerKey => ({
  ...aKey('acct_1', { policy: { exposes_node_id: false, ...policy } }),
  ordinal: 1,
})

export const requestFor = (body: object = {}): ChatRequest =>
  ChatRequest.parse({ model: 'maker/model', messages: [{ role: 'user', content: 'Hi' }], ...body })

export const plan = (body: object = {}, shard = shardOf([someCandidate]), key = keyWith()) =>
  planRequest(requestFor(body), key, shard, () => 0)

export function planned(...args: Parameters<typeof plan>) {
  const result = plan(...args)
  if (!result.ok) throw new Error(`refused: ${result.error.code}`)
  return result.value
}

export function refused(...args: Parameters<typeof plan>) {
  const result = plan(...args)
  if (result.ok) throw new Error('not refused')
  return result.error
}
