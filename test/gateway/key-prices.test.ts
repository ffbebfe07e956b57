// The most that a key may pay, beside what a request says.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { listModels, showModel } from '../../src/gateway/models.ts'
import { forbiddenForGood, routePolicyOf } from '../../src/gateway/route-policy.ts'
import type { CustomerKey } from '../../src/keys/api-key.ts'
import type { KeyPolicy } from '../../src/protocol/account.ts'
import type { CataloguePrice } from '../../src/protocol/catalogue.ts'
import { ChatRequest } from '../../src/protocol/chat-request.ts'
import { aKey } from '../adapters/dynamodb/facts.ts'
import { askChat, completionOf, errorOf } from '../support/chat-client.ts'
import { type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { streams } from '../support/host-answers.ts'
import { modelOnSale } from '../support/model-on-sale.ts'

const keyWith = (policy: Partial<KeyPolicy>): CustomerKey => ({
  ...aKey('acct_1', { policy: { exposes_node_id: false, ...policy } }),
  ordinal: 1,
})
const asking = (max_price: object | undefined) =>
  ChatRequest.parse({
    model: 'maker/model',
    messages: [{ role: 'user', content: 'Hi' }],
    ...(max_price ? { provider: { max_price } } : {}),
  })

describe('a maximum price', () => {
  const usd = 1_000_000_000n

  test.each([
    ['of the key', { prompt_usd_per_mtok: '1' }, undefined, [usd, undefined]],
    ['of the request', undefined, { completion: 3 }, [undefined, 3n * usd]],
    [
      'of both is the lower of each',
      { prompt_usd_per_mtok: '1', completion_usd_per_mtok: '4' },
      { prompt: 2, completion: 3 },
      [usd, 3n * usd],
    ],
    [
      'of the key for one price leaves the other open',
      { completion_usd_per_mtok: '0.5' },
      {},
      [undefined, usd / 2n],
    ],
  ])('%s', (_, ofKey, ofRequest, [prompt, completion]) => {
    const { maxPrice } = routePolicyOf(asking(ofRequest), keyWith({ max_price: ofKey }), 0)
    const above = 10n ** 15n
    const told = (price: bigint | undefined) =>
      price === undefined || price >= above ? undefined : price
    expect([
      told(maxPrice?.promptNanoUsdPerMTok),
      told(maxPrice?.completionNanoUsdPerMTok),
    ]).toEqual([prompt, completion])
  })

  test('that no listed price fits forbids the model, tiers first', () => {
    const model = { ...modelOnSale('maker/model'), version: 1 }
    const forbids = (policy: Partial<KeyPolicy>) => {
      const key = keyWith(policy)
      return forbiddenForGood(model, key, routePolicyOf(asking({}), key, 0).maxPrice)
    }
    expect(forbids({ max_price: { completion_usd_per_mtok: '2' } })).toBeUndefined()
    expect(forbids({ max_price: { completion_usd_per_mtok: '1.999999999' } })).toBe(
      'max_price_unmet',
    )
    expect(forbids({ trust_tiers: ['T3'], max_price: { prompt_usd_per_mtok: '0' } })).toBe(
      'route_tier_not_allowed',
    )
  })
})

describe('the models that a key sees', () => {
  const row = (trust_tier: CataloguePrice['trust_tier'], completion: string): CataloguePrice => ({
    route_tier: 'network_beta',
    trust_tier,
    prompt_usd_per_mtok: '1',
    cached_prompt_usd_per_mtok: '0',
    completion_usd_per_mtok: completion,
  })
  const variant = (trustTier: CataloguePrice['trust_tier'], eligibleHosts: number) => ({
    routeTier: 'network_beta' as const,
    trustTier,
    eligibleHosts,
    firstContentMs: { p50: 1, p95: 1 },
    tokensPerSecond: { p50: 1, p5: 1 },
    capabilities: { tools: true, jsonSchema: false, logprobs: true },
    contextTokens: 1,
  })
  const prices = [row('T0', '2'), row('T1', '6'), row('T2', '9')]
  const catalogue = {
    builtAtMs: 0,
    models: [
      {
        model: { ...modelOnSale('maker/model', { prices }), version: 1 },
        eligibleHosts: 5,
        firstContentP50Ms: 1,
        tokensPerSecondP50: 1,
        quantizations: [],
        variants: [variant('T0', 3), variant('T1', 2)],
      },
    ],
  }
  const Listed = z.object({
    eligible_hosts: z.int(),
    pricing: z.object({ completion: z.string() }),
  })
  const seen = (policy: Partial<KeyPolicy>) =>
    listModels(catalogue, keyWith(policy)).data.map((one) => Listed.parse(one))

  test('are those that it may call, at the prices that it may pay', () => {
    expect(seen({})).toMatchObject([{ eligible_hosts: 5 }])
    expect(seen({ trust_tiers: ['T1', 'T2'] })).toEqual([
      { eligible_hosts: 2, pricing: { completion: '0.000006' } },
    ])
    expect(seen({ max_price: { completion_usd_per_mtok: '5' } })).toMatchObject([
      { eligible_hosts: 3 },
    ])
    expect(showModel(catalogue, 'maker/model', keyWith({ trust_tiers: ['T1'] }))).toMatchObject({
      value: { route_variants: [{ trust_tier: 'T1' }] },
    })
  })

  test.each<[string, Partial<KeyPolicy>]>([
    ['denied', { models_denied: ['maker/*'] }],
    ['too dear', { max_price: { prompt_usd_per_mtok: '0.5' } }],
    ['of other route tiers', { route_tiers: ['portable_local'] }],
    ['served in other tiers alone', { trust_tiers: ['T2'] }],
  ])('are not those that are %s', (_, policy) => {
    expect(seen(policy)).toEqual([])
    expect(showModel(catalogue, 'maker/model', keyWith(policy))).toMatchObject({
      error: { code: 'model_not_found' },
    })
  })
})

describe('a request', () => {
  let bench: GatewayBench
  beforeAll(async () => {
    bench = await startGatewayBench()
  })
  afterAll(() => bench.stop())

  test('is refused above the price of its key, whatever it says itself', async () => {
    const { model, host } = await bench.sale([streams(['Hello'])])
    const with2 = (completion_usd_per_mtok: string) =>
      bench.customer({
        key: { policy: { exposes_node_id: false, max_price: { completion_usd_per_mtok } } },
      })
    const asked = { model: model.id, provider: { max_price: { completion: 100 } } }
    const [low, high] = [await with2('1.99'), await with2('2')]
    expect(await errorOf(await askChat(bench.appOf(), low, asked))).toMatchObject({
      status: 403,
      code: 'max_price_unmet',
    })
    expect(host.dispatches).toEqual([])
    await completionOf(await askChat(bench.appOf(), high, asked))
    const lower = { model: model.id, provider: { max_price: { completion: 1 } } }
    expect((await askChat(bench.appOf(), high, lower)).status).toBe(403)
  })
})
