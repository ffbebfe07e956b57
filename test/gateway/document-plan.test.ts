// What requests for documents are held for: never less than any answer to them can cost.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DocumentOrder } from '../../src/gateway/document-order.ts'
import { planDocument } from '../../src/gateway/document-plan.ts'
import { usageTruth } from '../../src/metering/usage-truth.ts'
import { parseUsd } from '../../src/money/nano-usd.ts'
import { chargeFor } from '../../src/money/price.ts'
import type { CataloguePrice } from '../../src/protocol/catalogue.ts'
import { aCandidate } from '../adapters/dynamodb/facts.ts'
import { soldAs } from '../support/documents-on-sale.ts'
import { keyWith, shardOf, someCandidate } from './planning.ts'

const orderOf = (changes: Partial<DocumentOrder> = {}): DocumentOrder => ({
  model: 'maker/model',
  path: '/v1/embeddings',
  provider: undefined,
  texts: ['one', 'two'],
  hostBody: () => ({ bytes: Buffer.alloc(0), contentType: 'application/json' }),
  answerIn: () => undefined,
  ...changes,
})

const embeddings = { model: soldAs('embedding') }
const plan = (order: DocumentOrder, shard = shardOf([someCandidate], embeddings)) =>
  planDocument(order, keyWith(), shard, () => 0)

function planned(...args: Parameters<typeof plan>) {
  const result = plan(...args)
  if (!result.ok) throw new Error(`refused: ${result.error.code}`)
  return result.value
}

describe('the hold of a document', () => {
  test('is for its prompt alone where tokens are sold', () => {
    const { windowTokens, windowIsOurs, promptTokensMax, holdAmount } = planned(orderOf())
    expect({ windowTokens, windowIsOurs, promptTokensMax }).toEqual({
      windowTokens: 0,
      windowIsOurs: false,
      promptTokensMax: 3 + 8 + 3 + 8,
    })
    expect(holdAmount).toBe(22_000n)
  })

  test('is for the units where those are sold', () => {
    const order = orderOf({ texts: [], units: { most: 3, tolerance: 0 } })
    const shard = shardOf([someCandidate], { model: soldAs('image') })
    expect(planned(order, shard).holdAmount).toBe(3n * (parseUsd('0.02') ?? 0n))
  })

  const tokens = fc.nat({ max: 100_000_000 })
  const claim = fc.record({
    prompt: tokens,
    cached_prompt: fc.nat({ max: 100_000_000 }),
    completion: tokens,
    units: tokens,
  })
  const price = fc.bigInt({ min: 0n, max: 10n ** 12n }).map((nano) => {
    const digits = nano.toString().padStart(10, '0')
    return `${digits.slice(0, -9)}.${digits.slice(-9)}`
  })
  const rowOf = (
    prompt: string,
    cached: string,
    completion: string,
    unit: string,
  ): CataloguePrice => ({
    route_tier: 'network_beta',
    trust_tier: 'T0',
    prompt_usd_per_mtok: prompt,
    cached_prompt_usd_per_mtok: cached,
    completion_usd_per_mtok: completion,
    unit_usd: unit,
  })

  test('covers the charge, whatever is asked, answered, counted and claimed', () => {
    const request = fc.record({
      texts: fc.array(fc.string({ minLength: 1, maxLength: 50 }), { maxLength: 8 }),
      units: fc.option(fc.record({ most: fc.nat({ max: 4_000 }), tolerance: fc.nat({ max: 1 }) }), {
        nil: undefined,
      }),
    })
    const band = { prompt: { band: 0.25 }, completion: { band: 0.25 } }
    fc.assert(
      fc.property(
        request,
        fc.option(claim, { nil: null }),
        fc.record({ prompt: fc.nat({ max: 5_000 }), units: fc.nat({ max: 10_000 }) }),
        fc.tuple(price, price, price, price),
        ({ texts, units }, claimed, found, prices) => {
          const shard = shardOf([someCandidate], { model: { prices: [rowOf(...prices)] } })
          const made = planned(orderOf({ texts, units }), shard)
          const counted = {
            prompt: units ? 0 : found.prompt,
            cached_prompt: 0,
            completion: 0,
            ...(units ? { units: found.units } : {}),
          }
          const { billed } = usageTruth(claimed, counted, band, {
            prompt: made.promptTokensMax,
            completion: made.windowTokens * made.choices,
            choices: made.choices,
            units: made.units,
          })
          const [candidate] = made.candidates
          if (!candidate) throw new Error('a plan has a candidate')
          const { prompt, cached_prompt: cachedPrompt, completion } = billed
          const charge = chargeFor(
            { prompt, cachedPrompt, completion, units: billed.units },
            candidate.price,
          )
          expect(charge <= made.holdAmount).toBe(true)
        },
      ),
    )
  })
})

describe('a text', () => {
  const short = shardOf([aCandidate({ profileId: 'maker/model@q8', contextLength: 128 })], {
    model: { ...soldAs('embedding'), context_length: 128 },
  })

  test('as long as the context is read: nothing has to fit beside it', () => {
    // Five bytes make a token where they make the fewest.
    expect(plan(orderOf({ texts: ['a'.repeat(5 * 128)] }), short).ok).toBe(true)
  })

  test('that is longer is refused by its place, however short the others are', () => {
    const texts = ['a', 'a'.repeat(5 * 129)]
    expect(plan(orderOf({ texts }), short)).toMatchObject({
      ok: false,
      error: { code: 'context_length_exceeded', param: 'input.1' },
    })
  })

  test('goes to a host whose context holds it', () => {
    const small = aCandidate({ profileId: 'maker/model@q8', contextLength: 64 })
    const shard = shardOf([small], { model: { ...soldAs('embedding'), context_length: 128 } })
    expect(plan(orderOf({ texts: ['a'.repeat(5 * 100)] }), shard)).toMatchObject({
      ok: false,
      error: {
        code: 'no_eligible_host',
        detail: { availability: { excluded_by: ['context_length'] } },
      },
    })
  })
})
