/**
 * One item on its way: what is in it so far, and the events by which it begins, grows and ends. A message
 * or a stretch of reasoning has parts, of which the last one alone is open; a call has arguments.
 */
import { InvariantError } from '../protocol/assert.ts'
import type { ResponsesEvent } from '../protocol/responses-event.ts'
import type {
  ItemStatus,
  OutputItem,
  OutputPart,
  TokenLogprob,
} from '../protocol/responses-item.ts'

type Unnumbered<Event> = Event extends unknown ? Omit<Event, 'sequence_number'> : never
/** An event whose place in its stream is not known yet. */
export type EventBody = Unnumbered<ResponsesEvent>
export type PartType = OutputPart['type']

type Placed = { readonly id: string; readonly index: number; status: ItemStatus }
export type Speech = Placed & {
  readonly kind: 'message' | 'reasoning'
  readonly parts: OutputPart[]
}
export type Call = Placed & {
  readonly kind: 'function_call'
  readonly callId: string
  readonly name: string
  text: string
}
export type Slot = Speech | Call

export const opened = (slot: Slot): EventBody => ({
  type: 'response.output_item.added',
  output_index: slot.index,
  item: itemOf(slot),
})

/** Goes on with the open part, or with a new one where that is of another type. */
export function* say(
  speech: Speech,
  type: PartType,
  { text, tokens = [] }: { readonly text: string; readonly tokens?: readonly TokenLogprob[] },
): Generator<EventBody> {
  if (speech.parts.at(-1)?.type !== type) {
    yield* closePart(speech)
    speech.parts.push(emptyPart(type))
    yield { type: 'response.content_part.added', ...inPart(speech), part: emptyPart(type) }
  }
  yield grown(speech, text, tokens)
}

function grown(speech: Speech, delta: string, tokens: readonly TokenLogprob[]): EventBody {
  const part = speech.parts.at(-1)
  const at = inPart(speech)
  switch (part?.type) {
    case undefined:
      throw new InvariantError('there is no part to grow')
    case 'output_text':
      part.text += delta
      // One by one: a host decides how many there are, and a call takes only so many arguments.
      for (const token of tokens) part.logprobs.push(token)
      return { type: 'response.output_text.delta', ...at, delta, logprobs: [...tokens] }
    case 'refusal':
      part.refusal += delta
      return { type: 'response.refusal.delta', ...at, delta }
    case 'reasoning_text':
      part.text += delta
      return { type: 'response.reasoning_text.delta', ...at, delta }
  }
}

export function callGrown(call: Call, delta: string): EventBody {
  call.text += delta
  return { type: 'response.function_call_arguments.delta', ...inItem(call), delta }
}

export function* closed(slot: Slot, status: ItemStatus): Generator<EventBody> {
  if (slot.kind === 'function_call') {
    const said = { ...inItem(slot), arguments: slot.text }
    yield { type: 'response.function_call_arguments.done', ...said }
  } else {
    yield* closePart(slot)
  }
  slot.status = status
  yield { type: 'response.output_item.done', output_index: slot.index, item: itemOf(slot) }
}

function* closePart(speech: Speech): Generator<EventBody> {
  const part = speech.parts.at(-1)
  if (part === undefined) return
  const at = inPart(speech)
  switch (part.type) {
    case 'output_text': {
      const { text, logprobs } = part
      yield { type: 'response.output_text.done', ...at, text, logprobs }
      break
    }
    case 'refusal':
      yield { type: 'response.refusal.done', ...at, refusal: part.refusal }
      break
    case 'reasoning_text':
      yield { type: 'response.reasoning_text.done', ...at, text: part.text }
      break
  }
  yield { type: 'response.content_part.done', ...at, part: { ...part } }
}

const inItem = ({ id, index }: Slot) => ({ item_id: id, output_index: index })
const inPart = (speech: Speech) => ({ ...inItem(speech), content_index: speech.parts.length - 1 })

const emptyPart = (type: PartType): OutputPart => {
  switch (type) {
    case 'output_text':
      return { type, text: '', annotations: [], logprobs: [] }
    case 'refusal':
      return { type, refusal: '' }
    case 'reasoning_text':
      return { type, text: '' }
  }
}

/** As it stands now. */
export function itemOf(slot: Slot): OutputItem {
  const { id, status } = slot
  switch (slot.kind) {
    case 'message': {
      const content = slot.parts.flatMap((part) =>
        part.type === 'reasoning_text' ? [] : [{ ...part }],
      )
      return { type: 'message', id, status, role: 'assistant', content }
    }
    case 'reasoning': {
      const content = slot.parts.flatMap((part) =>
        part.type === 'reasoning_text' ? [{ ...part }] : [],
      )
      return { type: 'reasoning', id, status, summary: [], content }
    }
    case 'function_call': {
      const { callId: call_id, name, text } = slot
      return { type: 'function_call', id, status, call_id, name, arguments: text }
    }
  }
}
