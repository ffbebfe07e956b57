/**
 * The items of one answer, grown from the chunks of a chat. What is said is closed when something else
 * begins; calls of functions stay open to the end, because runtimes may write several at once and what
 * is closed cannot grow.
 */
import type { ChatChunk, ChatDelta, ToolCallDelta } from '../protocol/chat-chunk.ts'
import type { OutputItem, TokenLogprob } from '../protocol/responses-item.ts'
import {
  type Call,
  callGrown,
  closed,
  type EventBody,
  itemOf,
  opened,
  type Slot,
  type Speech,
  say,
} from './slot.ts'
import { tokensOf } from './token-logprobs.ts'

export type Output = {
  readonly take: (chunk: ChatChunk) => Generator<EventBody>
  /** Closes what is open; where the answer was cut, the last item is `incomplete`. */
  readonly close: (end: 'completed' | 'incomplete') => Generator<EventBody>
  /** Leaves what is open as it stands: its host broke off. */
  readonly abandon: () => void
  /** In the order of their first appearance. */
  readonly items: () => OutputItem[]
}

const idPrefix = { message: 'msg', reasoning: 'rs', function_call: 'fc' } as const

export function makeOutput(requestId: string): Output {
  const slots: Slot[] = []
  const calls = new Map<number, Call>()
  let speaking: Speech | undefined
  /** Of tokens whose text has not come yet. */
  let early: TokenLogprob[] = []

  function* take(chunk: ChatChunk): Generator<EventBody> {
    for (const { index, delta, logprobs } of chunk.choices) {
      if (index !== 0) continue
      const tokens = tokensOf(logprobs)
      if (isSilent(delta)) yield* takeTokens(tokens)
      else yield* takeDelta(delta, tokens)
    }
  }

  function* takeDelta(delta: ChatDelta, tokens: readonly TokenLogprob[]): Generator<EventBody> {
    const { reasoning_content: reasoning, content, refusal } = delta
    if (reasoning) yield* say(yield* speech('reasoning'), 'reasoning_text', { text: reasoning })
    if (content) yield* sayText(content, tokens)
    if (refusal) yield* say(yield* speech('message'), 'refusal', { text: refusal })
    for (const piece of delta.tool_calls ?? []) yield* takePiece(piece)
  }

  function* sayText(text: string, tokens: readonly TokenLogprob[]): Generator<EventBody> {
    const scored = { text, tokens: [...early, ...tokens] }
    early = []
    yield* say(yield* speech('message'), 'output_text', scored)
  }

  /** Of a character that is not whole yet, or of a thought: those belong to no text. */
  function* takeTokens(tokens: readonly TokenLogprob[]): Generator<EventBody> {
    if (tokens.length === 0) return
    if (speaking?.parts.at(-1)?.type === 'output_text') yield* sayText('', tokens)
    else if (slots.length === 0) for (const token of tokens) early.push(token)
  }

  function* speech(kind: Speech['kind']): Generator<EventBody, Speech> {
    if (speaking?.kind === kind) return speaking
    yield* stopSpeaking()
    speaking = { ...nextPlace(kind), kind, parts: [] }
    yield begun(speaking)
    return speaking
  }

  function* stopSpeaking(): Generator<EventBody> {
    if (speaking) yield* closed(speaking, 'completed')
    speaking = undefined
  }

  function* takePiece(piece: ToolCallDelta): Generator<EventBody> {
    const at = piece.index ?? 0
    const call = calls.get(at) ?? (yield* beginCall(at, piece))
    if (piece.function?.arguments) yield callGrown(call, piece.function.arguments)
  }

  function* beginCall(at: number, piece: ToolCallDelta): Generator<EventBody, Call> {
    yield* stopSpeaking()
    const callId = piece.id ?? `call_${requestId}_${at}`
    const name = piece.function?.name ?? ''
    const kind = 'function_call'
    const call: Call = { ...nextPlace(kind), kind, callId, name, text: '' }
    calls.set(at, call)
    yield begun(call)
    return call
  }

  const nextPlace = (kind: Slot['kind']) => {
    const index = slots.length
    return { id: `${idPrefix[kind]}_${requestId}_${index}`, index, status: 'in_progress' as const }
  }

  function begun(slot: Slot): EventBody {
    slots.push(slot)
    return opened(slot)
  }

  const open = () => slots.filter(({ status }) => status === 'in_progress')

  function* close(end: 'completed' | 'incomplete'): Generator<EventBody> {
    // Who asked for an answer and got none finds an empty one, rather than no message at all.
    if (slots.length === 0 && end === 'completed') yield* sayText('', [])
    const last = slots.at(-1)
    for (const slot of open()) yield* closed(slot, slot === last ? end : 'completed')
  }

  return {
    take,
    close,
    abandon: () => {
      for (const slot of open()) slot.status = 'incomplete'
    },
    items: () => slots.map(itemOf),
  }
}

const isSilent = ({ content, reasoning_content, refusal, tool_calls }: ChatDelta): boolean =>
  !content && !reasoning_content && !refusal && !tool_calls?.length
