/**
 * An answer as its texts, in pieces as they come: each choice's words, its reasoning, its refusal and every
 * tool call of it is one text. Of each only the slice that is not full yet is kept.
 */
import type { ChatDelta } from '../protocol/chat-chunk.ts'
import { toolCallFrame } from './tokenizer-prompt.ts'
import { cutSlices } from './tokenizer-slices.ts'

type Kind = 'content' | 'reasoning' | 'refusal' | 'call'
type Piece = { readonly kind: Kind; readonly index: number; readonly text: string }

/** Texts beyond these are counted as one. */
const textsMax = 64

export function makeAnswerTexts() {
  const texts = new Map<string, { readonly kind: Kind; readonly rest: string }>()

  function takePiece(choice: number, { kind, index, text }: Piece): readonly string[] {
    const own = `${choice} ${kind} ${index}`
    const key = texts.has(own) || texts.size < textsMax ? own : 'others'
    const { slices, rest } = cutSlices(`${texts.get(key)?.rest ?? ''}${text}`)
    texts.set(key, { kind, rest })
    return slices
  }

  return {
    /** The slices that became whole. */
    take: (choice: number, delta: ChatDelta): readonly string[] =>
      piecesOf(delta).flatMap((piece) => takePiece(choice, piece)),
    /** What is left, and what was written around calls. */
    rest: (): readonly string[] =>
      [...texts.values()].flatMap(({ kind, rest }) =>
        kind === 'call' ? [rest, toolCallFrame] : [rest],
      ),
    /** Texts that a runtime cut out of their marks. */
    marked: (): number =>
      [...texts.values()].filter(({ kind }) => kind === 'call' || kind === 'reasoning').length,
    forget: (): void => texts.clear(),
  }
}

export const charsOf = (delta: ChatDelta): number =>
  piecesOf(delta).reduce((sum, { text }) => sum + text.length, 0)

function piecesOf(delta: ChatDelta): readonly Piece[] {
  const calls = (delta.tool_calls ?? []).map(({ index, function: called }): Piece => {
    const text = `${called?.name ?? ''}${called?.arguments ?? ''}`
    return { kind: 'call', index: index ?? 0, text }
  })
  const pieces: readonly Piece[] = [
    { kind: 'reasoning', index: 0, text: delta.reasoning_content ?? '' },
    { kind: 'content', index: 0, text: delta.content ?? '' },
    { kind: 'refusal', index: 0, text: delta.refusal ?? '' },
    ...calls,
  ]
  return pieces.filter(({ text }) => text !== '')
}
