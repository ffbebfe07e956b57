/**
 * Items as the messages of a chat. What a model said between two other speakers is one message there,
 * however many items it was: templates of models render turns, and some refuse two of one speaker.
 */
import { absurd, InvariantError } from '../protocol/assert.ts'
import type { ChatMessage } from '../protocol/chat-request.ts'
import type { ImagePart, InputPart, ResponsesRequest } from '../protocol/responses-request.ts'
import { isImage, type KnownItem, knownItem, textOfPart } from './input-kinds.ts'

/** Of a request that was not refused. */
export function toMessages({
  instructions,
  input,
}: Pick<ResponsesRequest, 'instructions' | 'input'>): ChatMessage[] {
  const spoken: ChatMessage[] =
    typeof input === 'string' ? [{ role: 'user', content: input }] : messagesOf(input)
  return instructions == null ? spoken : instructed(instructions, spoken)
}

/** Many templates know one system message, at the beginning. */
function instructed(instructions: string, spoken: readonly ChatMessage[]): ChatMessage[] {
  const [first, ...rest] = spoken
  const isSystem = first?.role === 'system' || first?.role === 'developer'
  return isSystem && typeof first.content === 'string'
    ? [{ role: 'system', content: `${instructions}\n\n${first.content}` }, ...rest]
    : [{ role: 'system', content: instructions }, ...spoken]
}

function messagesOf(input: Exclude<ResponsesRequest['input'], string>): ChatMessage[] {
  const messages: ChatMessage[] = []
  let turn = emptyTurn()
  const endTurn = () => {
    messages.push(...turnMessage(turn))
    turn = emptyTurn()
  }
  for (const item of input) {
    const known = knownItem(item)
    if (known === undefined) throw new InvariantError('an item of unknown kind was let through')
    if (isOfModel(known)) {
      addToTurn(turn, known)
      continue
    }
    endTurn()
    messages.push(messageOf(known))
  }
  endTurn()
  return messages
}

type OfModel = Extract<KnownItem, { kind: 'message' | 'call' | 'reasoning' }>

const isOfModel = (item: KnownItem): item is OfModel =>
  item.kind === 'message' ? item.message.role === 'assistant' : item.kind !== 'output'

function messageOf(item: KnownItem): ChatMessage {
  if (item.kind === 'message') {
    const { role, content } = item.message
    return { role, content: contentOf(content) }
  }
  if (item.kind !== 'output') throw new InvariantError('an item of the model is part of its turn')
  const { call_id, output } = item.result
  return { role: 'tool', tool_call_id: call_id, content: contentOf(output) }
}

type Turn = {
  readonly texts: string[]
  readonly refusals: string[]
  readonly reasoning: string[]
  readonly calls: NonNullable<ChatMessage['tool_calls']>
}

const emptyTurn = (): Turn => ({ texts: [], refusals: [], reasoning: [], calls: [] })

function addToTurn(turn: Turn, item: OfModel): void {
  switch (item.kind) {
    case 'message': {
      const { content } = item.message
      if (typeof content === 'string') turn.texts.push(content)
      else for (const part of content) addPart(turn, part)
      return
    }
    case 'call': {
      const { call_id, name, arguments: text } = item.call
      turn.calls.push({ id: call_id, type: 'function', function: { name, arguments: text } })
      return
    }
    case 'reasoning':
      // A summary is not what the model thought, and nobody here can open what is encrypted.
      for (const { text } of item.reasoning.content ?? []) turn.reasoning.push(text)
      return
    default:
      absurd(item)
  }
}

function addPart(turn: Turn, part: InputPart): void {
  if ('refusal' in part) turn.refusals.push(part.refusal)
  else turn.texts.push(textOfPart(part) ?? '')
}

/** Thoughts that nothing was said after are no message. */
function turnMessage({ texts, refusals, reasoning, calls }: Turn): ChatMessage[] {
  if (texts.length + refusals.length + calls.length === 0) return []
  return [
    {
      role: 'assistant',
      content: texts.length === 0 ? null : texts.join('\n'),
      ...(reasoning.length === 0 ? {} : { reasoning_content: reasoning.join('\n') }),
      ...(refusals.length === 0 ? {} : { refusal: refusals.join('\n') }),
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
    },
  ]
}

/** One text where there are only texts: not every runtime takes a list of them from every speaker. */
function contentOf(content: string | readonly InputPart[]): NonNullable<ChatMessage['content']> {
  if (typeof content === 'string') return content
  if (!content.some(isImage)) return content.map((part) => textOfPart(part) ?? '').join('\n')
  return content.map((part) =>
    isImage(part) ? imagePart(part) : { type: 'text', text: textOfPart(part) ?? '' },
  )
}

function imagePart({ image_url, detail }: ImagePart) {
  if (image_url == null) throw new InvariantError('an image without its data was let through')
  const asked = detail === 'original' ? 'high' : detail
  return { type: 'image_url' as const, image_url: { url: image_url, detail: asked } }
}
