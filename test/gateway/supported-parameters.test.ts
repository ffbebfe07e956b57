import { describe, expect, test } from 'vitest'
import type { PublicModel, PublicVariant } from '../../src/fleet/ports.ts'
import {
  inputModalities,
  outputModalities,
  supportedParameters,
} from '../../src/gateway/supported-parameters.ts'
import type { RuntimeKind } from '../../src/protocol/claim.ts'
import type { Modality } from '../../src/protocol/modality.ts'
import { modelOnSale } from '../support/model-on-sale.ts'

function listed(
  kinds: readonly RuntimeKind[],
  capabilities: Partial<PublicVariant['capabilities']> = {},
  imageTokensMax?: number,
): PublicModel {
  const model = modelOnSale('maker/model')
  const [profile] = model.profiles
  if (!profile) throw new Error('a model on sale has a profile')
  return {
    model: {
      ...model,
      version: 1,
      profiles: [{ ...profile, runtime_kinds: [...kinds], image_tokens_max: imageTokensMax }],
    },
    eligibleHosts: 1,
    firstContentP50Ms: 100,
    tokensPerSecondP50: 50,
    quantizations: [],
    variants: [
      {
        routeTier: 'network_beta',
        trustTier: 'T0',
        eligibleHosts: 1,
        firstContentMs: { p50: 100, p95: 200 },
        tokensPerSecond: { p50: 50, p5: 40 },
        capabilities: { tools: false, jsonSchema: false, logprobs: false, ...capabilities },
        contextTokens: 4096,
      },
    ],
  }
}

describe('a parameter is listed', () => {
  test('where a runtime of the model takes it', () => {
    expect(supportedParameters(listed(['vllm']))).toContain('min_p')
    expect(supportedParameters(listed(['openai']))).not.toContain('min_p')
    expect(supportedParameters(listed(['openai', 'vllm']))).toContain('min_p')
  })

  test('where what it needs was measured at a host', () => {
    const bare = supportedParameters(listed(['vllm']))
    for (const name of ['tools', 'tool_choice', 'response_format', 'logprobs']) {
      expect(bare).not.toContain(name)
    }
    expect(supportedParameters(listed(['vllm'], { tools: true }))).toContain('tools')
    expect(supportedParameters(listed(['vllm'], { jsonSchema: true }))).toContain('response_format')
    expect(supportedParameters(listed(['vllm'], { logprobs: true }))).toContain('top_logprobs')
  })

  test('once, in order, and never one that leaves nothing to choose', () => {
    const names = supportedParameters(listed(['vllm', 'sglang', 'llamacpp'], { tools: true }))
    expect(names).toEqual([...new Set(names)].toSorted())
    expect(names).toEqual(expect.arrayContaining(['max_tokens', 'stream', 'temperature']))
    for (const name of ['model', 'messages', 'metadata', 'user']) expect(names).not.toContain(name)
  })
})

test('images are an input of models that say what one takes', () => {
  expect(inputModalities(listed(['vllm']))).toEqual(['text'])
  expect(inputModalities(listed(['vllm'], {}, 1_024))).toEqual(['text', 'image'])
})

describe('of a model that is not for text', () => {
  const of = (modality: Modality) => {
    const text = listed(['vllm'])
    return { ...text, model: { ...text.model, modality } }
  }

  test.each<[Modality, string[], string[], string[]]>([
    ['embedding', ['text'], ['embeddings'], ['encoding_format']],
    ['moderation', ['text'], ['moderation'], []],
    ['image', ['text'], ['image'], ['n', 'quality', 'response_format', 'size', 'style']],
    [
      'transcription',
      ['audio'],
      ['text'],
      ['language', 'prompt', 'response_format', 'temperature', 'timestamp_granularities'],
    ],
  ])('%s: what goes in, what comes out, what can be asked', (modality, input, output, names) => {
    expect(inputModalities(of(modality))).toEqual(input)
    expect(outputModalities(of(modality))).toEqual(output)
    expect(supportedParameters(of(modality))).toEqual(names)
  })
})
