/**
 * From what runtimes write to what OpenAI's clients read, where one frame alone cannot tell: which
 * call a piece of a tool call belongs to, and how an answer ended. None of it touches the text that
 * node and gateway hash. `docs/streaming.md` lists the dialects.
 */
import type { ToolCallDelta } from '../protocol/chat-chunk.ts'
import { limits } from '../protocol/limits.ts'

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter'

const limited = new Set(['length', 'max_tokens', 'max_length', 'max_new_tokens', 'model_length'])
/** The engine gave the request up: no answer ended here. */
const givenUp = new Set(['abort', 'aborted', 'error'])

/** Undefined for words that end no answer; a word that nobody knows is a stop. */
export function finishReasonOf(word: string, callsTools: boolean): FinishReason | undefined {
  const known = word.toLowerCase()
  if (known === '' || givenUp.has(known)) return undefined
  if (limited.has(known)) return 'length'
  if (known === 'content_filter') return 'content_filter'
  return callsTools ? 'tool_calls' : 'stop'
}

/** A piece as clients expect it: `id`, `type` and the whole name on the first one of a call. */
export type ToolCallPiece = {
  readonly index: number
  readonly id?: string
  readonly type?: 'function'
  readonly function: { readonly name?: string; readonly arguments: string }
}

/** Arguments that came before their name are held back up to this many characters. */
const heldCharsMax = 64 * 1024
const idCharsMax = 256

type Call = {
  readonly index: number
  /** As the host gave them, on any piece. */
  hostIndex: number | undefined
  hostId: string | undefined
  name: string
  /** Nothing of it has been handed on yet. */
  isHeld: boolean
  held: string
  readonly arguments: ReturnType<typeof makeJsonEnd>
}

/** The tool calls of one choice. `ownId` names a call that has no id, or another's. */
export function makeToolCalls(ownId: (index: number) => string) {
  const calls: Call[] = []

  function take(pieces: readonly ToolCallDelta[]): ToolCallPiece[] {
    return pieces.flatMap((piece) => {
      const call = callOf(calls, piece) ?? begin(piece)
      if (call === undefined) return []
      const text = piece.function?.arguments ?? ''
      call.hostId ??= idOf(piece)
      call.name ||= piece.function?.name ?? ''
      call.arguments.see(text)
      if (!call.isHeld)
        return text === '' ? [] : [{ index: call.index, function: { arguments: text } }]
      call.held += text
      return call.name === '' && call.held.length <= heldCharsMax ? [] : [firstPieceOf(call)]
    })
  }

  /** Undefined beyond the calls that one message may have. */
  function begin(piece: ToolCallDelta): Call | undefined {
    if (calls.length >= limits.toolCallsPerMessage) return undefined
    const call: Call = {
      index: calls.length,
      hostIndex: piece.index,
      hostId: idOf(piece),
      name: '',
      isHeld: true,
      held: '',
      arguments: makeJsonEnd(),
    }
    calls.push(call)
    return call
  }

  function firstPieceOf(call: Call): ToolCallPiece {
    const { index, hostId, name, held } = call
    const isTaken = calls.some((other) => other.index < index && other.hostId === hostId)
    call.isHeld = false
    call.held = ''
    const id = hostId === undefined || isTaken ? ownId(index) : hostId
    return { index, id, type: 'function', function: { name, arguments: held } }
  }

  return {
    take,
    /** What is still held back when no name can come any more. */
    rest: () => calls.filter((call) => call.isHeld).map(firstPieceOf),
    isEmpty: () => calls.length === 0,
  }
}

const idOf = ({ id }: ToolCallDelta): string | undefined =>
  id === undefined || id === '' || id.length > idCharsMax ? undefined : id

/** The call that a piece goes on with; undefined where it begins one. */
function callOf(calls: readonly Call[], piece: ToolCallDelta): Call | undefined {
  const id = idOf(piece)
  const { name, arguments: text } = piece.function ?? {}
  const sameId = calls.findLast(({ hostId, hostIndex }) => {
    const fits = piece.index === undefined || hostIndex === undefined
    return id !== undefined && hostId === id && (fits || hostIndex === piece.index)
  })
  if (sameId !== undefined) return sameId
  const sameIndex = calls.findLast(({ hostIndex }) => hostIndex === piece.index)
  const isBare = id === undefined && !name
  if (isBare && sameIndex !== undefined) return sameIndex
  // SGLang has counted the first piece of a call by the tools on offer and the others by the calls.
  const last = sameIndex ?? (isBare || piece.index === undefined ? calls.at(-1) : undefined)
  if (last === undefined || (isBare && !text)) return last
  // A runtime that tells calls apart by neither is understood by what a call is: one name, and one
  // JSON value. Some name it on each piece; vLLM has made a new id for each piece.
  if (last.arguments.isWhole()) return undefined
  if (name && last.name !== '' && name !== last.name) return undefined
  const isAnother = id !== undefined && last.hostId !== undefined && !text
  return isAnother ? undefined : last
}

/** Tells from the pieces of a JSON object or array whether it has come to its end. */
function makeJsonEnd() {
  let depth = 0
  let isString = false
  let isEscaped = false
  let hasClosed = false
  return {
    isWhole: () => hasClosed,
    see: (text: string): void => {
      for (const char of text) {
        if (isEscaped) isEscaped = false
        else if (isString && char === '\\') isEscaped = true
        else if (char === '"') isString = !isString
        else if (isString) continue
        else if (char === '{' || char === '[') depth += 1
        else if (char === '}' || char === ']') {
          depth -= 1
          hasClosed ||= depth <= 0
        }
      }
    },
  }
}
