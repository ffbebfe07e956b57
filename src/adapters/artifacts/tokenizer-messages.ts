/** What the tokenizer thread is told, and what it answers. */
import * as z from 'zod'

export type TokenizerOrder =
  | {
      readonly kind: 'load'
      readonly id: number
      readonly digest: string
      readonly artifact: Uint8Array
    }
  | {
      readonly kind: 'count'
      readonly id: number
      readonly digest: string
      readonly texts: readonly string[]
    }
  | { readonly kind: 'drop'; readonly digest: string }

export const TokenizerReply = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('loaded'), id: z.int(), fault: z.string().optional() }),
  z.object({ kind: z.literal('counted'), id: z.int(), tokens: z.int().min(0) }),
  /** On one of the texts. */
  z.object({ kind: z.literal('failed'), id: z.int() }),
  /** The tokenizer is not there. */
  z.object({ kind: z.literal('gone'), id: z.int() }),
])
export type TokenizerReply = z.infer<typeof TokenizerReply>
