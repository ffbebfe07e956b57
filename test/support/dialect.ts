/**
 * One way in which runtimes write what OpenAI's documentation says otherwise, and what is meant by
 * it. Each is recorded from the place its `source` names; none was captured from a host of ours.
 */
import type { TokenCounts } from '../../src/protocol/usage.ts'

export type Meaning = {
  readonly content: string
  readonly reasoning?: string
  readonly calls?: readonly { readonly name: string; readonly arguments: string }[]
  /** Undefined where the answer must not look finished. */
  readonly reason: string | undefined
  readonly usage?: TokenCounts
}

export type Dialect = {
  readonly name: string
  readonly source: string
  /** Frames of a stream, or the one document of a runtime that does not stream. */
  readonly frames: readonly object[] | object
  /** Between two events. @default a blank line */
  readonly between?: string
  readonly means: Meaning
}

export const choice = (delta: object | null, rest: object = {}) => ({
  choices: [{ index: 0, delta, finish_reason: null, ...rest }],
})
export const ends = (finish_reason: string, delta: object = {}) => choice(delta, { finish_reason })
export const named = (name: string, text: unknown) => ({ function: { name, arguments: text } })
export const weather = { name: 'weather', arguments: '{"city":"Bonn"}' }

export const isDocument = ({ frames }: Dialect): boolean => !Array.isArray(frames)

/** The whole body, as the runtime writes it. */
export function bodyOf({ frames, between = '\n\n' }: Dialect): string {
  if (!Array.isArray(frames)) return JSON.stringify(frames)
  const events = [...frames.map((frame) => JSON.stringify(frame)), '[DONE]']
  return `${events.map((data) => `data: ${data}`).join(between)}\n\n`
}
