import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ratiosOf } from '../../src/gateway/plan.ts'
import type { CustomerKey } from '../../src/keys/api-key.ts'
import { promptBytes } from '../../src/metering/count.ts'
import { usageTruth } from '../../src/metering/usage-truth.ts'
import { chargeFor } from '../../src/money/price.ts'
import { dataUri, png } from '../metering/pictures.ts'
import { keyWith, planned, price, refused, requestFor, shardOf, someCandidate } from './planning.ts'

describe('the hold', () => {
  test('covers the prompt bound and the window of every choice, at the dearest candidate', () => {
    const vllm = { model: { prices: [price('network_beta', '2'), price('portable_local', '3')] } }
    const shard = shardOf([someCandidate, { ...someCandidate, routeTier: 'portable_local' }], vllm)
    const { holdAmount, promptTokensMax } = planned({ max_tokens: 100, n: 2 }, shard)
    expect(holdAmount).toBe(BigInt(promptTokensMax) * 1_000n + 200n * 3_000n)
  })

  test('is never below the charge, whatever a host claims and the gateway counts', () => {
    const amount = fc.nat({ max: 10_000 }).map((nano) => (nano / 1_000).toFixed(3))
    const tokens = fc.nat({ max: 20_000 })
    const claim = fc
      .record({ prompt: tokens, cached_prompt: tokens, completion: tokens })
      .filter(({ prompt, cached_prompt }) => cached_prompt <= prompt)
    const arbitrary = fc.record({
      content: fc.string({ unit: 'grapheme', maxLength: 200 }),
      maxTokens: fc.option(fc.integer({ min: 1, max: 8_192 }), { nil: undefined }),
      n: fc.integer({ min: 1, max: 8 }),
      prices: fc.tuple(amount, amount, amount),
      claimed: fc.option(claim),
      counted: fc.record({ prompt: tokens, cached_prompt: fc.constant(0), completion: tokens }),
    })
    fc.assert(
      fc.property(arbitrary, ({ content, maxTokens, n, prices, claimed, counted }) => {
        const [prompt_usd_per_mtok, cached_prompt_usd_per_mtok, completion_usd_per_mtok] = prices
        const row = {
          ...price('network_beta', completion_usd_per_mtok),
          prompt_usd_per_mtok,
          cached_prompt_usd_per_mtok,
        }
        const shard = shardOf([someCandidate], { model: { prices: [row] } })
        const messages = [{ role: 'user', content }]
        const made = planned({ messages, n, max_tokens: maxTokens }, shard)
        const { billed } = usageTruth(claimed, counted, ratiosOf(shard, 'maker/model@q8'), {
          prompt: made.promptTokensMax,
          completion: made.windowTokens * made.choices,
        })
        const { prompt, completion, cached_prompt: cachedPrompt } = billed
        for (const candidate of made.candidates) {
          const charge = chargeFor({ prompt, cachedPrompt, completion }, candidate.price)
          expect(charge <= made.holdAmount).toBe(true)
        }
      }),
    )
  })

  test('counts what no tokenizer can exceed: every byte of messages and tools', () => {
    const tools = [{ type: 'function', function: { name: 'weather' } }]
    const messages = [{ role: 'user', content: 'Grüße' }]
    const { promptTokensMax } = planned({ messages, tools })
    expect(promptTokensMax).toBeGreaterThan(
      Buffer.byteLength(JSON.stringify({ messages, tools })) - 30,
    )
    expect(promptTokensMax).toBeGreaterThan(promptBytes(requestFor({ messages })))
  })
})

describe('a prompt that cannot fit', () => {
  const promptOf = (bytes: number) => ({
    messages: [{ role: 'user', content: 'x'.repeat(bytes - 16) }],
  })

  test('into the model is refused from the least it could be', () => {
    const shard = shardOf([someCandidate], { model: { context_length: 100 } })
    expect(planned(promptOf(499), shard).candidates).toHaveLength(1)
    expect(refused(promptOf(500), shard)).toMatchObject({
      code: 'context_length_exceeded',
      param: 'messages',
    })
  })

  test('is not refused for reasoning, which a template may leave out, though the hold covers it', () => {
    const shard = shardOf([someCandidate], { model: { context_length: 100 } })
    const thought = { role: 'assistant', content: 'a', reasoning_content: 'x'.repeat(600) }
    const plan = planned({ messages: [thought], max_tokens: 64 }, shard)
    expect(plan).toMatchObject({ promptBytes: 1 + 16, reasoningBytes: 600 })
    expect(plan.promptTokensMax).toBeGreaterThan(600)
  })

  test('into one host goes to another', () => {
    const short = { ...someCandidate, contextLength: 100 }
    const long = { ...someCandidate, contextLength: 200 }
    expect(planned(promptOf(600), shardOf([short, long])).candidates).toMatchObject([
      { contextLength: 200 },
    ])
    expect(refused(promptOf(600), shardOf([short]))).toMatchObject({
      code: 'no_eligible_host',
      detail: { availability: { excluded_by: ['context_length'] } },
    })
  })
})

describe('without a candidate', () => {
  test('the pool tells why', () => {
    const excludedBy = ['heartbeat_stale', 'benchmark_stale'] as const
    expect(refused({}, shardOf([], { excludedBy }))).toEqual({
      code: 'no_eligible_host',
      retryAfterSec: 15,
      detail: { availability: { code: 'no_eligible_host', excluded_by: [...excludedBy] } },
    })
  })

  test('each reason is told once', () => {
    const shard = shardOf([{ ...someCandidate, runtimeKind: 'ollama' }, someCandidate], {
      excludedBy: ['max_price', 'route_down'],
      model: { prices: [price('network_beta', '2'), price('portable_local', '1')] },
    })
    const body = { n: 2, provider: { max_price: { completion: 1.5 } } }
    expect(refused(body, shard)).toMatchObject({
      code: 'no_eligible_host',
      detail: { availability: { excluded_by: ['max_price', 'require_parameters', 'route_down'] } },
    })
  })

  test('a price that no row lists can never be met, whoever is up', () => {
    const provider = { max_price: { prompt: 0.9 } }
    expect(refused({ provider }).code).toBe('max_price_unmet')
    expect(refused({ provider }, shardOf([])).code).toBe('max_price_unmet')
  })

  test('a price that a host without equal lists may be met another time', () => {
    const provider = { max_price: { completion: 1 } }
    const shard = shardOf([someCandidate], {
      model: { prices: [price('network_beta', '2'), price('portable_local', '1')] },
    })
    expect(refused({ provider }, shard)).toMatchObject({
      code: 'no_eligible_host',
      detail: { availability: { excluded_by: ['max_price'] } },
    })
  })

  test.each([{ route_tiers: ['datacenter_optimized' as const] }, { trust_tiers: ['T3' as const] }])(
    'a key whose tiers nobody sells is refused for good: %o',
    (policy) => {
      expect(refused({}, shardOf([someCandidate]), keyWith(policy)).code).toBe(
        'route_tier_not_allowed',
      )
    },
  )

  test.each([{ route_tier: ['portable_local'] }, { trust: ['T3'] }])(
    'a request that asks for other tiers may come back: %o',
    (provider) => {
      expect(refused({ provider })).toMatchObject({
        code: 'no_eligible_host',
        detail: { availability: { excluded_by: ['route_tier'] } },
      })
    },
  )
})

describe('key and request narrow the tiers together', () => {
  const both = () =>
    shardOf([someCandidate, { ...someCandidate, routeTier: 'portable_local' }], {
      model: { prices: [price('network_beta', '2'), price('portable_local', '1')] },
    })
  const tiersOf = (asked: string[] | undefined, allowed: CustomerKey['policy']['route_tiers']) =>
    planned({ provider: { route_tier: asked } }, both(), keyWith({ route_tiers: allowed }))
      .candidates.map(({ routeTier }) => routeTier)
      .sort()

  test('neither: all', () => {
    expect(tiersOf(undefined, undefined)).toEqual(['network_beta', 'portable_local'])
  })
  test('one of them: its tiers', () => {
    expect(tiersOf(['portable_local'], undefined)).toEqual(['portable_local'])
    expect(tiersOf(undefined, ['network_beta'])).toEqual(['network_beta'])
  })
  test('both: what they share', () => {
    expect(tiersOf(['portable_local', 'network_beta'], ['network_beta'])).toEqual(['network_beta'])
  })
})

test('a maximum price is compared exactly, and a class without one is open', () => {
  expect(planned({ provider: { max_price: { prompt: 1 } } }).candidates).toHaveLength(1)
  expect(planned({ provider: { max_price: { completion: 2 } } }).candidates).toHaveLength(1)
  const below = { provider: { max_price: { prompt: 1, completion: 1.999999999 } } }
  expect(refused(below).code).toBe('max_price_unmet')
})

describe('several choices', () => {
  test('hold the window of each, and the prompt once', () => {
    const { holdAmount, promptTokensMax } = planned({ n: 5, max_tokens: 10 })
    expect(holdAmount).toBe(BigInt(promptTokensMax) * 1_000n + 50n * 2_000n)
  })

  test('go to hosts whose runtime gives them', () => {
    const ollama = { ...someCandidate, runtimeKind: 'ollama' as const }
    const { candidates } = planned({ n: 2 }, shardOf([ollama, someCandidate]))
    expect(candidates.map(({ runtimeKind }) => runtimeKind)).toEqual(['vllm'])
  })
})

describe('images', () => {
  const image = (width = 8) => ({
    type: 'image_url',
    image_url: { url: dataUri('png', png({ width, height: 8 })) },
  })
  const asking = (...parts: readonly object[]) => ({
    messages: [{ role: 'user', content: [{ type: 'text', text: 'What is this?' }, ...parts] }],
    max_tokens: 10,
  })
  const seeing = (image_tokens_max: number, profile_id = someCandidate.profileId) => {
    const [profile] = shardOf([]).model.profiles
    if (!profile) throw new Error('the model has a build')
    return { ...profile, profile_id, image_tokens_max }
  }
  const shardSeeing = (tokens: number) =>
    shardOf([someCandidate], { model: { profiles: [seeing(tokens)] } })

  test('hold what their build says of each, and nothing for their base64', () => {
    const none = planned(asking(), shardSeeing(900))
    const two = planned(asking(image(), image()), shardSeeing(900))
    expect(none.imageTokensMax).toBe(0)
    expect(two.imageTokensMax).toBe(1_800)
    const partBytes = 2 * JSON.stringify({ type: 'image_url', image_url: { url: '' } }).length + 2
    expect(two.promptTokensMax).toBe(none.promptTokensMax + 1_800 + partBytes)
    expect(two.promptBytes).toBe(none.promptBytes)
  })

  test('hold the most that any of their candidates may take', () => {
    const other = { ...someCandidate, profileId: 'maker/model@q4' }
    const profiles = [seeing(100), seeing(700, other.profileId)]
    const shard = shardOf([someCandidate, other], { model: { profiles } })
    expect(planned(asking(image()), shard).imageTokensMax).toBe(700)
  })

  test('go to builds that take them, and to runtimes that read their format', () => {
    const blind = { ...someCandidate, profileId: 'maker/model@q4' }
    const [plain] = shardOf([]).model.profiles
    const profiles = [seeing(100), ...(plain ? [{ ...plain, profile_id: blind.profileId }] : [])]
    const { candidates } = planned(
      asking(image()),
      shardOf([blind, someCandidate], { model: { profiles } }),
    )
    expect(candidates.map(({ profileId }) => profileId)).toEqual([someCandidate.profileId])
    expect(refused(asking(image()), shardOf([blind], { model: { profiles } }))).toMatchObject({
      code: 'no_eligible_host',
      detail: { availability: { excluded_by: ['require_parameters'] } },
    })
  })

  test('that are none are refused before anything is held', () => {
    const url = 'data:image/png;base64,AAAA'
    expect(
      refused(asking({ type: 'image_url', image_url: { url } }), shardSeeing(9)),
    ).toMatchObject({ code: 'invalid_value', param: 'messages.0.content.1.image_url.url' })
  })
})

test('under require_parameters only hosts that are given all of them remain', () => {
  const ollama = { ...someCandidate, runtimeKind: 'ollama' as const }
  const body = { logit_bias: { 1: 2 }, provider: { require_parameters: true } }
  const { candidates } = planned(body, shardOf([ollama, someCandidate]))
  expect(candidates.map(({ runtimeKind }) => runtimeKind)).toEqual(['vllm'])
  expect(refused(body, shardOf([ollama]))).toMatchObject({
    detail: { availability: { excluded_by: ['require_parameters'] } },
  })
  expect(planned({ logit_bias: { 1: 2 } }, shardOf([ollama])).candidates).toHaveLength(1)
})
