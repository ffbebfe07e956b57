/** The one model of a load run: what its hosts serve, what it costs and what its words are worth. */
import { ownRatios } from '../../../apps/local/catalogue-entry.ts'
import type { CatalogueModel } from '../../../src/protocol/catalogue.ts'
import { digest } from '../../adapters/dynamodb/facts.ts'
import { wordMark } from './word-mark.ts'

export const soldModelId = 'load/scripted'
export const soldProfileId = `${soldModelId}@scripted`

export const runtimeOfHosts = {
  runtimeId: 'main',
  kind: 'llamacpp',
  version: 'b6600',
  localName: 'scripted',
  artifactDigest: digest,
} as const

const price = {
  prompt_usd_per_mtok: '1',
  cached_prompt_usd_per_mtok: '0.5',
  completion_usd_per_mtok: '2',
}

export const soldModel: CatalogueModel = {
  id: soldModelId,
  name: 'Scripted words for a load',
  description: '',
  context_length: 2048,
  max_output_tokens: 512,
  host_share_bps: 8_000,
  benchmark_price: { prompt_usd_per_mtok: '4', completion_usd_per_mtok: '8' },
  prices: [{ route_tier: 'portable_local', trust_tier: 'T0', ...price }],
  profiles: [
    {
      profile_id: soldProfileId,
      artifact: { format: 'gguf', digest, quantization: 'Q8_0' },
      runtime_kinds: [runtimeOfHosts.kind],
      bytes_per_token: {
        prompt: ownRatios.prompt,
        completion: {
          mean: ownRatios.completion.mean + wordMark.bytes,
          band: ownRatios.completion.band,
        },
      },
    },
  ],
}
