import { describe, expect, test } from 'vitest'
import type { ProfileManifest } from '../../src/protocol/catalogue.ts'
import type { RuntimeKind } from '../../src/protocol/claim.ts'
import { dataUri, gif, png, webp } from '../metering/pictures.ts'
import { planned, refused, shardOf, someCandidate } from './planning.ts'

/** One host and one build for each kind. */
function fleetOf(kinds: readonly RuntimeKind[], changes: Partial<ProfileManifest> = {}) {
  const [profile] = shardOf([]).model.profiles
  if (!profile) throw new Error('the model has a build')
  const profileIdOf = (kind: RuntimeKind) => `maker/model@${kind}`
  const profiles = kinds.map((kind) => ({
    ...{ ...profile, ...changes },
    profile_id: profileIdOf(kind),
    runtime_kinds: [kind],
  }))
  const hosts = kinds.map((runtimeKind) => ({
    ...someCandidate,
    runtimeKind,
    profileId: profileIdOf(runtimeKind),
  }))
  return shardOf(hosts, { model: { profiles } })
}

const kindsOf = (...args: Parameters<typeof planned>) =>
  planned(...args)
    .candidates.map(({ runtimeKind }) => runtimeKind)
    .sort()

const required = { require_parameters: true }

describe('what no host may be sent is refused, whether required or not', () => {
  test.each([
    [{ functions: [{ name: 'f' }] }, 'functions', 'send `tools`'],
    [{ function_call: 'auto' }, 'function_call', 'send `tool_choice`'],
    [{ web_search_options: {} }, 'web_search_options', 'as a function of your own'],
    [{ audio: { voice: 'x', format: 'wav' } }, 'audio', 'Answers are text'],
    [{ modalities: ['text', 'audio'] }, 'modalities', 'Answers are text'],
    [{ best_of: 20 }, 'best_of', 'ask for `n` choices'],
    [{ ignore_eos: true }, 'ignore_eos', 'ask for `min_tokens`'],
    [{ chat_template: '{{ messages }}' }, 'chat_template', 'put it into `messages`'],
    [{ tools: [{ type: 'web_search' }] }, 'tools.0.type', 'Send a function'],
    [
      { messages: [{ role: 'function', name: 'f', content: '1' }] },
      'messages.0.role',
      'the role "tool"',
    ],
  ])('%o', (body, param, sentence) => {
    const error = refused(body)
    expect(error).toMatchObject({ code: 'unsupported_parameter', param })
    expect(error.message).toContain(sentence)
  })

  test('but not where it asks for nothing', () => {
    const nothing = { functions: null, modalities: ['text'], best_of: 1, ignore_eos: false }
    expect(planned(nothing).candidates).toHaveLength(1)
  })
})

describe('what contradicts itself is refused, because each runtime would in words of its own', () => {
  const tools = [{ type: 'function', function: { name: 'look_up' } }]
  const named = (name: string) => ({ type: 'function', function: { name } })
  test.each([
    [{ tool_choice: 'required' }, 'tool_choice'],
    [{ tool_choice: named('look_up') }, 'tool_choice'],
    [{ tools, tool_choice: named('other') }, 'tool_choice'],
    [{ top_logprobs: 3 }, 'top_logprobs'],
    [{ top_logprobs: 3, logprobs: false }, 'top_logprobs'],
    [{ min_tokens: 11, max_tokens: 10 }, 'min_tokens'],
    [{ min_tokens: 11, max_completion_tokens: 10, max_tokens: 20 }, 'min_tokens'],
  ])('%o', (body, param) => {
    expect(refused(body)).toMatchObject({ code: 'invalid_value', param })
  })

  test.each([
    [{ tools, tool_choice: 'required' }],
    [{ tools, tool_choice: named('look_up') }],
    [{ tool_choice: 'none' }],
    [{ top_logprobs: 3, logprobs: true }],
    [{ min_tokens: 10, max_tokens: 10 }],
    [{ min_tokens: 10 }],
  ])('%o does not', (body) => {
    expect(planned(body).candidates).toHaveLength(1)
  })
})

describe('a field that is required', () => {
  const shard = () => fleetOf(['vllm', 'ollama', 'llamacpp'])

  test('goes to the hosts that are given it', () => {
    expect(kindsOf({ top_k: 5 }, shard())).toEqual(['llamacpp', 'ollama', 'vllm'])
    expect(kindsOf({ top_k: 5, provider: required }, shard())).toEqual(['llamacpp', 'vllm'])
    expect(kindsOf({ min_tokens: 5, provider: required }, shard())).toEqual(['vllm'])
  })

  test('and that no runtime of the model takes is refused by its name', () => {
    const body = { temperature: 0.5, min_tokens: 5, provider: required }
    expect(refused(body, fleetOf(['ollama', 'llamacpp']))).toMatchObject({
      code: 'unsupported_parameter',
      param: 'min_tokens',
    })
  })

  test('also where each has some runtime, but none has them all', () => {
    // Ollama takes an effort and no top_k; llama.cpp the reverse.
    const body = { top_k: 5, reasoning_effort: 'low', provider: required }
    expect(refused(body, fleetOf(['ollama', 'llamacpp'])).code).toBe('unsupported_parameter')
    expect(kindsOf(body, shard())).toEqual(['vllm'])
  })

  test('and that nobody knows is refused by its name, however long that is', () => {
    const name = 'x'.repeat(10_000)
    const error = refused({ [name]: 1, provider: required }, shard())
    expect(error).toMatchObject({ code: 'unsupported_parameter', param: 'x'.repeat(128) })
    expect(error.message?.length).toBeLessThanOrEqual(512)
    expect(planned({ [name]: 1 }, shard()).candidates).toHaveLength(3)
  })

  test('of the gateway itself is taken', () => {
    const ours = { user: 'u', metadata: { a: 'b' }, session_id: 's', max_tokens: 9, store: false }
    expect(kindsOf({ ...ours, provider: required }, shard())).toHaveLength(3)
    expect(refused({ store: true, provider: required }, shard()).param).toBe('store')
  })

  test('waits for a host where one could come that takes it', () => {
    const { model } = shard()
    const ollama = { ...someCandidate, runtimeKind: 'ollama' as const }
    const without = { ...shardOf([ollama]), model }
    expect(refused({ top_k: 5, provider: required }, without)).toMatchObject({
      code: 'no_eligible_host',
      detail: { availability: { excluded_by: ['require_parameters'] } },
    })
  })
})

describe('what may not be left out, required or not', () => {
  const tools = [{ type: 'function', function: { name: 'look_up' } }]
  test.each([
    [{ n: 2 }, ['vllm'], ['ollama', 'llamacpp', 'lmstudio']],
    [{ logprobs: true }, ['vllm', 'ollama'], ['lmstudio', 'openai']],
    [{ logprobs: true, tools }, ['vllm', 'ollama'], ['llamacpp']],
    [{ response_format: { type: 'json_object' } }, ['vllm', 'llamacpp'], ['lmstudio']],
  ] satisfies [object, RuntimeKind[], RuntimeKind[]][])('%o', (body, serving, lacking) => {
    const [param] = Object.keys(body)
    for (const kind of serving) expect(kindsOf(body, fleetOf([kind]))).toEqual([kind])
    for (const kind of lacking) {
      expect(refused(body, fleetOf([kind]))).toMatchObject({ code: 'unsupported_parameter', param })
      expect(kindsOf(body, fleetOf([kind, 'vllm']))).toEqual(['vllm'])
    }
  })
})

describe('images', () => {
  const size = { width: 4, height: 4 }
  const showing = (url: string) => ({
    messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }],
  })

  test('for a model without a build that takes them are refused', () => {
    expect(refused(showing(dataUri('png', png(size))))).toMatchObject({
      code: 'unsupported_parameter',
      param: 'messages',
      message: 'maker/model takes no images: send text alone.',
    })
  })

  test('go to the runtimes that read their format', () => {
    const seeing = fleetOf(['vllm', 'ollama', 'llamacpp'], { image_tokens_max: 100 })
    const kindsFor = (url: string) => kindsOf(showing(url), seeing)
    expect(kindsFor(dataUri('png', png(size)))).toEqual(['llamacpp', 'ollama', 'vllm'])
    expect(kindsFor(dataUri('gif', gif(size)))).toEqual(['llamacpp', 'vllm'])
    expect(kindsFor(dataUri('webp', webp.lossy(size)))).toEqual(['vllm'])
  })

  test('of a format that no runtime of the model reads are refused with what to send', () => {
    const llamacpp = fleetOf(['llamacpp'], { image_tokens_max: 100 })
    expect(refused(showing(dataUri('webp', webp.lossy(size))), llamacpp)).toMatchObject({
      code: 'unsupported_parameter',
      message: 'No runtime of maker/model reads webp images: send PNG or JPEG.',
    })
  })
})
