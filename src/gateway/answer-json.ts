/** Completion events as the one JSON object that clients get who did not ask for a stream. */
import * as z from 'zod'
import { absurd, InvariantError } from '../protocol/assert.ts'
import type { ChatChunk } from '../protocol/chat-chunk.ts'
import type { FinishedEvent, JsonAnswer } from './answer-form.ts'
import type { CompletionEvent } from './completion-event.ts'
import { chunkOf, type RelayIdentity } from './relay.ts'
import type { StartedEvent } from './serve.ts'

/** The whole answer as one object, for clients that did not ask for a stream. */
export async function toJsonAnswer(
  events: AsyncIterable<CompletionEvent>,
  identity: RelayIdentity,
): Promise<JsonAnswer> {
  let messages = emptyMessages(identity)
  let started: StartedEvent | undefined
  for await (const event of events) {
    switch (event.kind) {
      case 'started':
        started = event
        break
      case 'chunks':
        for (const chunk of event.chunks) addChunk(messages, chunk)
        break
      case 'document':
        throw new InvariantError('a chat is answered in chunks')
      case 'withdrawn':
        messages = emptyMessages(identity)
        break
      case 'failed':
        return { kind: 'failed', event }
      case 'finished': {
        const body = completionBody(messages, event, identity)
        return { kind: 'completed', body, started, finished: event }
      }
      default:
        absurd(event)
    }
  }
  return {
    kind: 'failed',
    event: { kind: 'failed', error: { code: 'internal_error' }, settled: undefined },
  }
}

type Message = {
  /** Undefined unless the host showed some and the customer asked for them. */
  logprobs: { content: unknown[]; refusal: unknown[] | null } | undefined
  content: string
  reasoning: string
  refusal: string
  readonly toolCalls: Map<number, { id: string; name: string; arguments: string }>
}

const TokenLogprobs = z.array(z.unknown()).nullish()
/** Each chunk brings those of its own tokens. */
const Logprobs = z.object({ content: TokenLogprobs, refusal: TokenLogprobs })

const emptyMessages = ({ choices }: RelayIdentity): Message[] =>
  Array.from({ length: choices }, emptyMessage)

const emptyMessage = (): Message => ({
  logprobs: undefined,
  content: '',
  reasoning: '',
  refusal: '',
  toolCalls: new Map(),
})

function addChunk(messages: readonly Message[], chunk: ChatChunk): void {
  for (const { index, delta, logprobs } of chunk.choices) {
    const message = messages[index]
    if (!message) continue
    addLogprobs(message, Logprobs.safeParse(logprobs).data)
    message.content += delta.content ?? ''
    message.reasoning += delta.reasoning_content ?? ''
    message.refusal += delta.refusal ?? ''
    for (const call of delta.tool_calls ?? []) {
      const at = call.index ?? 0
      const known = message.toolCalls.get(at) ?? { id: '', name: '', arguments: '' }
      message.toolCalls.set(at, {
        id: known.id || (call.id ?? ''),
        name: known.name + (call.function?.name ?? ''),
        arguments: known.arguments + (call.function?.arguments ?? ''),
      })
    }
  }
}

function addLogprobs(message: Message, shown: z.infer<typeof Logprobs> | undefined): void {
  if (!shown?.content && !shown?.refusal) return
  message.logprobs ??= { content: [], refusal: null }
  // One by one: a host decides how many there are, and a call takes only so many arguments.
  for (const token of shown.content ?? []) message.logprobs.content.push(token)
  if (!shown.refusal) return
  message.logprobs.refusal ??= []
  for (const token of shown.refusal) message.logprobs.refusal.push(token)
}

function completionBody(
  messages: readonly Message[],
  { finishReasons, settled }: FinishedEvent,
  identity: RelayIdentity,
): Readonly<Record<string, unknown>> {
  const { id, created, model } = chunkOf(identity, [])
  const choices = messages.map((message, index) => ({
    index,
    message: toWireMessage(message),
    logprobs: message.logprobs ?? null,
    finish_reason: finishReasons.get(index) ?? finishReasons.get(0) ?? 'stop',
  }))
  const { summary } = settled
  return {
    id,
    object: 'chat.completion',
    created,
    model,
    choices,
    usage: summary.usage,
    b3iq: summary,
  }
}

function toWireMessage({ content, reasoning, refusal, toolCalls }: Message) {
  const calls = [...toolCalls].map(([, { id, name, arguments: text }]) => ({
    id,
    type: 'function',
    function: { name, arguments: text },
  }))
  return {
    role: 'assistant',
    content: content === '' && calls.length > 0 ? null : content,
    refusal: refusal === '' ? null : refusal,
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  }
}
