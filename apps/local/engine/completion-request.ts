// Reads the two completion requests of OpenAI's API into one job. Fields this engine does not
// know are ignored, as llama.cpp's server does; fields it knows must be right.

import { randomInt } from 'node:crypto'
import * as z from 'zod'
import { type ChatMessage, callText, renderChat } from './chat-template.ts'
import { type Constraint, constraintFields, constraintOf } from './constraint.ts'
import type { Sampling } from './engine.ts'

export type CompletionJob = {
  readonly promptText: string
  readonly sampling: Sampling
  /** Undefined: until the context is full. */
  readonly tokensMax: number | undefined
  readonly stop: readonly string[]
  readonly stream: boolean
  readonly includeUsage: boolean
  /** Undefined: no log-probabilities. */
  readonly topLogprobs?: number | undefined
} & Constraint

export type RequestFault = {
  readonly code: 'missing_required_parameter' | 'invalid_value'
  readonly message: string
  readonly param: string | null
}

export type ParsedRequest =
  | { readonly ok: true; readonly job: CompletionJob }
  | { readonly ok: false; readonly fault: RequestFault }

const messagesMax = 1000
const stopCharactersMax = 256

const Stop = z.string().min(1).max(stopCharactersMax)

const Common = z.object({
  n: z.literal(1).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  seed: z.int().nullish(),
  stop: z
    .union([Stop, z.array(Stop).max(4)], {
      error: `Expected up to 4 strings of 1 to ${stopCharactersMax} characters`,
    })
    .nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  max_tokens: z.int().min(1).nullish(),
})

const TextPart = z.object({ type: z.literal('text'), text: z.string() })

/** OpenAI's bound. */
const topLogprobsMax = 20

const messageCallsMax = 128

/** A call that an earlier reply made. */
const Call = z.object({ function: z.object({ name: z.string(), arguments: z.string() }) })

const ChatRequest = Common.extend({
  ...constraintFields,
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(topLogprobsMax).nullish(),
  messages: z
    .array(
      z.object({
        role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
        content: z
          .union([z.string(), z.array(TextPart)], { error: 'Expected a string or text parts' })
          .nullish(),
        tool_calls: z.array(Call).max(messageCallsMax).nullish(),
      }),
    )
    .min(1)
    .max(messagesMax),
  max_completion_tokens: z.int().min(1).nullish(),
})

const TextRequest = Common.extend({
  prompt: z.union([z.string(), z.tuple([z.string()])], { error: 'Expected one string' }),
})

/** llama.cpp's own defaults. */
const defaultTemperature = 0.8
const defaultTopP = 0.95

/** llama.cpp draws a seed for -1 and for none, and keeps the low 32 bits of any other. */
const seedOf = (seed: number | null | undefined): number =>
  seed === undefined || seed === null || seed === -1
    ? randomInt(2 ** 32)
    : Number(BigInt.asUintN(32, BigInt(seed)))

const jobOf = (
  request: z.infer<typeof Common>,
  promptText: string,
  tokensMax: number | undefined,
  more: Constraint & { readonly topLogprobs?: number | undefined },
): CompletionJob => ({
  promptText,
  ...more,
  sampling: {
    temperature: request.temperature ?? defaultTemperature,
    topP: request.top_p ?? defaultTopP,
    seed: seedOf(request.seed),
  },
  tokensMax,
  stop: [request.stop ?? []].flat(),
  stream: request.stream ?? false,
  includeUsage: request.stream_options?.include_usage ?? false,
})

/** What is wrong with a body that is not as its schema has it. */
export const faultOf = (error: z.ZodError, body: unknown): RequestFault => {
  const issue = error.issues[0]
  if (typeof body !== 'object' || body === null || Array.isArray(body) || issue === undefined) {
    return { code: 'invalid_value', message: 'The body must be a JSON object.', param: null }
  }
  const param = issue.path.map(String).join('.')
  return issue.path.length === 1 && !(param in body)
    ? { code: 'missing_required_parameter', message: `The field ${param} is required.`, param }
    : { code: 'invalid_value', message: `The field ${param} is wrong. ${issue.message}.`, param }
}

const loneTopLogprobs: RequestFault = {
  code: 'invalid_value',
  message: 'The field top_logprobs needs logprobs: true beside it.',
  param: 'top_logprobs',
}

const calledLogprobs: RequestFault = {
  code: 'invalid_value',
  message: 'The field logprobs cannot be kept for the call of a tool; leave one of them out.',
  param: 'logprobs',
}

const textOf = (content: string | readonly { readonly text: string }[] | null | undefined) =>
  typeof content === 'string' ? content : (content ?? []).map(({ text }) => text).join('')

type Message = z.infer<typeof ChatRequest>['messages'][number]

const messagesOf = ({ role, content, tool_calls }: Message): readonly ChatMessage[] => [
  { role, text: textOf(content) },
  ...(tool_calls ?? []).map(({ function: called }) => ({
    role: 'assistant',
    text: callText(called.name, called.arguments),
  })),
]

export const parseChatRequest = (body: unknown): ParsedRequest => {
  const parsed = ChatRequest.safeParse(body)
  if (!parsed.success) return { ok: false, fault: faultOf(parsed.error, body) }
  const { data } = parsed
  const tokensMax = data.max_completion_tokens ?? data.max_tokens ?? undefined
  const wantsLogprobs = data.logprobs ?? false
  if (!wantsLogprobs && data.top_logprobs != null) return { ok: false, fault: loneTopLogprobs }
  const read = constraintOf(data)
  if (!read.ok) {
    return { ok: false, fault: { code: 'invalid_value', message: read.message, param: read.param } }
  }
  const { constraint } = read
  if (wantsLogprobs && constraint.callsTool) return { ok: false, fault: calledLogprobs }
  const topLogprobs = wantsLogprobs ? (data.top_logprobs ?? 0) : undefined
  const promptText = renderChat(data.messages.flatMap(messagesOf), data.tools ?? [])
  return { ok: true, job: jobOf(data, promptText, tokensMax, { ...constraint, topLogprobs }) }
}

export const parseTextRequest = (body: unknown): ParsedRequest => {
  const parsed = TextRequest.safeParse(body)
  if (!parsed.success) return { ok: false, fault: faultOf(parsed.error, body) }
  const { data } = parsed
  const promptText = typeof data.prompt === 'string' ? data.prompt : data.prompt[0]
  return {
    ok: true,
    job: jobOf(data, promptText, data.max_tokens ?? undefined, {}),
  }
}
