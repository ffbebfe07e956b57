/**
 * What of a plain completion reaches which runtime: the chat's own fields by the chat's own table, and the few
 * that a chat does not have.
 */
import type { ChatRequest } from '../protocol/chat-request.ts'
import type { RuntimeKind } from '../protocol/claim.ts'
import { type CompletionRequest, promptOf } from '../protocol/completion-request.ts'
import { asks, fieldTable, takes } from './field-table.ts'
import { runningUsage } from './host-body.ts'

/** Of a plain completion, named and judged as in a chat. */
export const sharedFields = [
  'min_tokens',
  'n',
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'presence_penalty',
  'frequency_penalty',
  'repetition_penalty',
  'logit_bias',
  'seed',
  'stop',
] as const

/** Those that a chat does not have, or has in another form. */
export const textFields = {
  prompt: 'One text, or a list of one. Token ids are refused: they are of one tokenizer alone.',
  logprobs: '0 to 20 rivals of each token. vLLM, SGLang and llama.cpp are asked for them.',
  echo: 'The gateway puts the prompt before each answer, unbilled. Refused beside `logprobs`.',
  best_of: 'Refused unless it is `n`: it would work many times what is held.',
  suffix: 'Refused: runtimes differ in what they make of it.',
} as const

const ours: readonly string[] = [
  ...Object.keys(textFields),
  'model',
  'stream',
  'stream_options',
  'max_tokens',
  'user',
  'safety_identifier',
  'metadata',
  'session_id',
  'prompt_cache_key',
  'provider',
]

/** Runtimes whose plain completions come with log-probabilities, if they are asked for. */
export const textLogprobsOf: readonly RuntimeKind[] = ['vllm', 'sglang', 'llamacpp']

export const wantsTextLogprobs = ({ logprobs }: CompletionRequest): boolean => logprobs != null

/**
 * The chat of one message that costs as much and goes to the same hosts: by it a plain completion is planned.
 */
export function asChat(request: CompletionRequest): ChatRequest {
  const { model, stream, max_tokens, session_id, prompt_cache_key, provider, logprobs } = request
  return {
    ...Object.fromEntries(sharedFields.map((name) => [name, request[name]])),
    ...{ model, stream, max_tokens, session_id, prompt_cache_key, provider },
    messages: [{ role: 'user', content: promptOf(request) }],
    ...(logprobs == null ? {} : { logprobs: true, top_logprobs: logprobs }),
  }
}

export type TextFault = { readonly param: string; readonly message: string }

/** A field that is never taken, or one that would be left out where all are required. */
export function textFault(request: CompletionRequest): TextFault | undefined {
  const { n, best_of, suffix, provider } = request
  if (best_of != null && best_of !== (n ?? 1)) {
    return refused('best_of', 'It would work many times what is held: ask for n choices.')
  }
  if (suffix) {
    return refused('suffix', 'Runtimes differ in what they make of it: write it into the prompt.')
  }
  if (request.echo === true && wantsTextLogprobs(request)) {
    return refused('echo', 'No host scores the prompt: leave out echo or logprobs.')
  }
  const known: readonly string[] = [...sharedFields, ...ours]
  for (const [name, value] of Object.entries(request)) {
    if (known.includes(name) || !asks(name, value)) continue
    const field = fieldTable.get(name)
    if (field?.effect === 'refused') return refused(name, field.note)
    if (provider?.require_parameters) {
      return refused(
        name,
        'No runtime is sent it: leave it out, or do not require every parameter.',
      )
    }
  }
  return undefined
}

const refused = (param: string, note: string): TextFault => ({
  param: param.slice(0, 128),
  message: `${param} is not supported. ${note}`.slice(0, 512),
})

export function textBody(
  request: CompletionRequest,
  {
    kind,
    model,
    maxTokens,
  }: { readonly kind: RuntimeKind; readonly model: string; readonly maxTokens: number },
): Buffer {
  const { min_tokens, logprobs } = request
  const taken = sharedFields.flatMap((name): [string, unknown][] => {
    const value =
      name === 'min_tokens' && min_tokens ? Math.min(min_tokens, maxTokens) : request[name]
    if (!asks(name, value) || !takes(kind, name, value)) return []
    return [[fieldTable.get(name)?.sentAs?.[kind] ?? name, value]]
  })
  return Buffer.from(
    JSON.stringify({
      ...Object.fromEntries(taken),
      prompt: promptOf(request),
      model,
      max_tokens: maxTokens,
      stream: true,
      stream_options: { include_usage: true, ...runningUsage(kind) },
      ...(logprobs == null ? {} : logprobsFields(kind, logprobs)),
    }),
  )
}

/** llama.cpp's own name for it is the one that every version knows. */
const logprobsFields = (kind: RuntimeKind, logprobs: number) =>
  kind === 'llamacpp' ? { logprobs, n_probs: Math.max(1, logprobs) } : { logprobs }
