/** A model with a price and one approved build, which `facts.ts`'s candidates serve. */
import type { CatalogueModel } from '../../src/protocol/catalogue.ts'
import { aModel, digest } from '../adapters/dynamodb/facts.ts'

/** USD 1 a million prompt tokens, 2 for completions, 4 bytes a token, give or take a quarter. */
export function modelOnSale(id: string, changes: Partial<CatalogueModel> = {}): CatalogueModel {
  const ratio = { mean: 4, band: 0.25 }
  return aModel({
    id,
    benchmark_price: { prompt_usd_per_mtok: '4', completion_usd_per_mtok: '8' },
    prices: [
      {
        route_tier: 'network_beta',
        trust_tier: 'T0',
        prompt_usd_per_mtok: '1',
        cached_prompt_usd_per_mtok: '0.5',
        completion_usd_per_mtok: '2',
      },
    ],
    profiles: [
      {
        profile_id: `${id}@q8`,
        artifact: { format: 'gguf', digest, quantization: 'Q8_0' },
        runtime_kinds: ['vllm'],
        bytes_per_token: { prompt: ratio, completion: ratio },
      },
    ],
    ...changes,
  })
}
