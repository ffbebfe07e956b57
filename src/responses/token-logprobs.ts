/**
 * Log-probabilities as runtimes hand them on, in the shape of Responses. It is stricter than that of chat:
 * bytes and rivals are always lists, and what is no token is left out.
 */
import * as z from 'zod'
import type { TokenLogprob } from '../protocol/responses-item.ts'

const orEmpty = <T extends z.ZodType>(one: T) =>
  z
    .array(one)
    .nullish()
    .catch(null)
    .transform((list) => list ?? [])

const Scored = z.object({
  token: z.string(),
  logprob: z.number(),
  bytes: orEmpty(z.int().min(0).max(255)),
})
const Token = Scored.extend({ top_logprobs: orEmpty(Scored) })
const Tokens = z.object({ content: orEmpty(z.unknown()) })

/** Those of a chunk's text, in their order. */
export function tokensOf(logprobs: unknown): TokenLogprob[] {
  const shown = Tokens.safeParse(logprobs).data?.content ?? []
  return shown.flatMap((token) => Token.safeParse(token).data ?? [])
}
