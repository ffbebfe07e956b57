/**
 * What of a chat request reaches which runtime, and what each field does to the hold. Whatever stands
 * not here reaches nobody: a field that nobody judged could break the bound or tell a host who asks.
 * Who takes what is read from the runtimes' documentation; `docs/fields.md` shows this table.
 */
import { isDeepStrictEqual } from 'node:util'
import type { ImageType } from '../metering/images.ts'
import type { ChatRequest } from '../protocol/chat-request.ts'
import { RuntimeKind } from '../protocol/claim.ts'

/**
 * `none`: nothing. `prompt`: its bytes are in the prompt's bound. `window`, `choices`: factors of the
 * hold. `refused`: could break the bound or a promise, so it is never taken. `gateway`: ours, and
 * it never leaves.
 */
export type HoldEffect = 'none' | 'prompt' | 'window' | 'choices' | 'refused' | 'gateway'

export type Field = {
  readonly effect: HoldEffect
  /** Kinds whose hosts are sent it. */
  readonly takenBy: readonly RuntimeKind[]
  readonly note: string
  /** Values that ask for nothing: they go nowhere, and nobody needs to take them. */
  readonly neutral?: readonly unknown[]
  /** What a kind that takes the field does not take of it. */
  readonly butNot?: (kind: RuntimeKind, value: unknown) => boolean
  /** Where a runtime calls it by another name. */
  readonly sentAs?: Partial<Record<RuntimeKind, string>>
}

const all = RuntimeKind.options
const vllmSglang = ['vllm', 'sglang'] as const
const withLlamacpp = [...vllmSglang, 'llamacpp'] as const

const sent = (
  effect: 'none' | 'prompt' | 'choices',
  takenBy: readonly RuntimeKind[],
  note: string,
  more: Pick<Field, 'neutral' | 'butNot' | 'sentAs'> = {},
): Field => ({ effect, takenBy, note, ...more })
const ours = (note: string): Field => ({ effect: 'gateway', takenBy: [], note })
const ourWindow = (note: string): Field => ({ effect: 'window', takenBy: [], note })
/** Known, harmless, and of no use to any runtime here. */
const unused = (note: string, neutral: readonly unknown[] = []): Field => ({
  effect: 'none',
  takenBy: [],
  note,
  neutral,
})
const refused = (note: string, neutral: readonly unknown[] = [false]): Field => ({
  effect: 'refused',
  takenBy: [],
  note,
  neutral,
})

type SchemaField = keyof (typeof ChatRequest)['shape']
const rows = {
  model: ours('The host is sent its own name for the model.'),
  messages: sent(
    'prompt',
    all,
    'Texts, images as data URIs, tool calls; `developer` goes as `system`.',
  ),
  stream: ours('Hosts are always asked to stream.'),
  stream_options: ours('Hosts are always asked for usage; `include_usage` shows it to the client.'),
  max_tokens: ourWindow('Sent to every kind as `max_tokens`: the window that is held.'),
  max_completion_tokens: ourWindow('The same; it goes before `max_tokens`.'),
  min_tokens: sent('none', vllmSglang, '0 to the window, and never more than it.', {
    neutral: [0],
  }),
  n: sent(
    'choices',
    vllmSglang,
    'Never left out: only hosts that serve several choices are asked.',
    {
      neutral: [1],
    },
  ),
  temperature: sent('none', all, '0 to 2.'),
  top_p: sent('none', all, 'Above 0, at most 1.'),
  top_k: sent('none', [...withLlamacpp, 'lmstudio'], '1 to 1,000,000; 0 and -1 mean any.', {
    neutral: [0, -1],
  }),
  min_p: sent('none', withLlamacpp, '0 to 1.'),
  presence_penalty: sent('none', all, '-2 to 2.'),
  frequency_penalty: sent('none', all, '-2 to 2.'),
  repetition_penalty: sent(
    'none',
    [...withLlamacpp, 'lmstudio'],
    'Above 0, at most 2. llama.cpp and LM Studio are sent it as `repeat_penalty`.',
    { neutral: [1], sentAs: { llamacpp: 'repeat_penalty', lmstudio: 'repeat_penalty' } },
  ),
  logit_bias: sent(
    'none',
    [...withLlamacpp, 'lmstudio'],
    'Up to 1,024 token ids, each -100 to 100.',
  ),
  seed: sent('none', all, 'An integer that JSON carries exactly.'),
  stop: sent('none', all, 'Up to 16 texts of 1 to 256 characters.'),
  logprobs: sent(
    'none',
    [...withLlamacpp, 'ollama'],
    'Never left out. llama.cpp gives none beside `tools`.',
    {
      neutral: [false],
    },
  ),
  top_logprobs: sent('none', [...withLlamacpp, 'ollama'], '0 to 20, beside `logprobs: true`.'),
  response_format: sent(
    'prompt',
    all,
    'Never left out. A schema has at most 20,000 values in 64 levels. LM Studio takes no `json_object`.',
    {
      neutral: [{ type: 'text' }],
      butNot: (kind, value) =>
        kind === 'lmstudio' && isDeepStrictEqual(value, { type: 'json_object' }),
    },
  ),
  tools: sent('prompt', all, 'Up to 128 functions. Hosted tools are refused.', { neutral: [[]] }),
  tool_choice: sent(
    'none',
    [...withLlamacpp, 'lmstudio', 'openai'],
    'With `tools`. llama.cpp and LM Studio are sent a named function as the only one, `required`; a kind that takes none of it is sent no `tools` for `none`.',
    { neutral: ['auto'] },
  ),
  parallel_tool_calls: sent(
    'none',
    withLlamacpp,
    'With `tools`. `true` is what is meant without it; llama.cpp alone is sent it.',
    { neutral: [true] },
  ),
  reasoning_effort: sent(
    'none',
    [...vllmSglang, 'ollama'],
    '`minimal` goes as `low`, `xhigh` and `max` as `high`: not every version knows them.',
  ),
  chat_template_kwargs: sent(
    'prompt',
    withLlamacpp,
    '`enable_thinking` and `thinking`, booleans; a template may render any other.',
  ),
  provider: ours('Who may be asked.'),
  session_id: ours('Keeps a conversation on one host.'),
  prompt_cache_key: ours('The same.'),
  user: ours('Nobody here needs it.'),
  safety_identifier: ours('Nobody here needs it.'),
  metadata: ours('Nobody here needs it. Up to 16 pairs.'),
  store: unused('Nothing is ever stored.', [false]),
  service_tier: unused('There is one.', ['auto', 'default']),
  prediction: unused('No runtime here uses it.'),
  verbosity: unused('No runtime here uses it.', ['medium']),
  prompt_cache_options: unused('Caches are the hosts’ own.'),
  prompt_cache_retention: unused('Caches are the hosts’ own.'),
  functions: refused('Deprecated: send `tools`.'),
  function_call: refused('Deprecated: send `tool_choice`.'),
  web_search_options: refused(
    'No host searches the web: run the search as a function of your own, with `tools`.',
  ),
  moderation: refused('No host moderates: check the texts on your side.'),
  audio: refused('Answers are text.'),
  modalities: refused('Answers are text.', [['text']]),
  best_of: refused('Would work many times what is held: ask for `n` choices.', [1]),
  use_beam_search: refused('Would work many times what is held: ask for `n` choices.'),
  ignore_eos: refused('Makes tokens without a text that could be counted: ask for `min_tokens`.'),
  echo: refused('Would bill the prompt as an answer.'),
  prompt_logprobs: refused(
    'Would work the prompt again for every rival token: ask for `logprobs`.',
    [0],
  ),
  documents: refused('Would be rendered into the prompt uncounted: put them into `messages`.'),
  chat_template: refused('A template of your own could render anything: put it into `messages`.'),
  mm_processor_kwargs: refused('Changes how many tokens an image takes.'),
  media_io_kwargs: refused('Changes how many tokens an image takes.'),
} as const satisfies Readonly<Record<SchemaField, Field>> & Readonly<Record<string, Field>>

export const fieldTable: ReadonlyMap<string, Field> = new Map(Object.entries(rows))

/** Images that each kind was seen to read; llama.cpp drops a WebP without a word. */
export const imagesReadBy: Readonly<Record<RuntimeKind, readonly ImageType[]>> = {
  vllm: ['png', 'jpeg', 'webp', 'gif'],
  sglang: ['png', 'jpeg', 'webp', 'gif'],
  ollama: ['png', 'jpeg'],
  llamacpp: ['png', 'jpeg', 'gif'],
  lmstudio: ['png', 'jpeg'],
  openai: ['png', 'jpeg'],
}

/** Whether a field asks for anything; `null` leaves it open, as for OpenAI. */
export function asks(name: string, value: unknown): boolean {
  const neutral = fieldTable.get(name)?.neutral ?? []
  return value != null && !neutral.some((one) => isDeepStrictEqual(one, value))
}

/** Whether hosts of this kind are sent this value of the field. */
export function takes(kind: RuntimeKind, name: string, value: unknown): boolean {
  const field = fieldTable.get(name)
  if (!field?.takenBy.includes(kind)) return false
  return !field.butNot?.(kind, value)
}

/** The first field of the request that a host of this kind would not be given. */
export function firstDropped(request: ChatRequest, kind: RuntimeKind): string | undefined {
  return Object.entries(request).find(([name, value]) => {
    const effect = fieldTable.get(name)?.effect
    const isOurs = effect === 'gateway' || effect === 'window'
    return asks(name, value) && !isOurs && !takes(kind, name, value)
  })?.[0]
}

/**
 * A field that a host of this kind would not be given, and that may not be left out either: without it
 * the answer is another one than was asked for.
 */
export function firstMissing(request: ChatRequest, kind: RuntimeKind): string | undefined {
  const missing = (['n', 'logprobs', 'response_format'] as const).find(
    (name) => asks(name, request[name]) && !takes(kind, name, request[name]),
  )
  if (missing !== undefined) return missing
  // llama.cpp refuses the two together in a stream, and hosts are always asked to stream.
  const clash = asks('logprobs', request.logprobs) && asks('tools', request.tools)
  return clash && kind === 'llamacpp' ? 'logprobs' : undefined
}

/** What a template may render: whose bytes the bound of the prompt covers. */
export function promptFields(request: ChatRequest) {
  const rendered = Object.entries(request).filter(
    ([name, value]) => asks(name, value) && fieldTable.get(name)?.effect === 'prompt',
  )
  return { ...Object.fromEntries(rendered), messages: request.messages }
}
