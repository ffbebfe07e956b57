/**
 * Log-probabilities of a plain completion, in the shape of OpenAI's older endpoint. vLLM and SGLang give them in
 * it, llama.cpp in that of chats; of either, a choice's own are put together as they come.
 */
import * as z from 'zod'

export type TextLogprobs = {
  readonly tokens: readonly string[]
  readonly token_logprobs: readonly (number | null)[]
  /** By token; null where nobody asked for rivals. */
  readonly top_logprobs: readonly (Readonly<Record<string, number>> | null)[]
  /** Where each token begins, in characters of the choice's text. */
  readonly text_offset: readonly number[]
}

const Rivals = z.record(z.string(), z.number())
const Older = z.object({
  tokens: z.array(z.string()),
  token_logprobs: z.array(z.number().nullable()),
  top_logprobs: z.array(Rivals.nullable()).nullish(),
})
const OfChat = z.object({
  content: z.array(
    z.object({
      token: z.string(),
      logprob: z.number(),
      top_logprobs: z.array(z.object({ token: z.string(), logprob: z.number() })).nullish(),
    }),
  ),
})

type Scored = {
  readonly token: string
  readonly logprob: number | null
  readonly rivals: Readonly<Record<string, number>> | null
}

/** Of one choice; `begins` is where its text does, behind a prompt that is echoed. */
export function makeTextLogprobs(begins = 0) {
  let offset = begins
  return {
    /** Undefined where there is none that can be read. */
    take: (logprobs: unknown): TextLogprobs | undefined => {
      const scored = scoredIn(logprobs)
      if (scored.length === 0) return undefined
      const text_offset = scored.map(({ token }) => {
        const at = offset
        offset += token.length
        return at
      })
      return {
        tokens: scored.map(({ token }) => token),
        token_logprobs: scored.map(({ logprob }) => logprob),
        top_logprobs: scored.map(({ rivals }) => rivals),
        text_offset,
      }
    },
  }
}

export const joinedLogprobs = (pieces: readonly TextLogprobs[]): TextLogprobs | null =>
  pieces.length === 0
    ? null
    : {
        tokens: pieces.flatMap(({ tokens }) => tokens),
        token_logprobs: pieces.flatMap(({ token_logprobs }) => token_logprobs),
        top_logprobs: pieces.flatMap(({ top_logprobs }) => top_logprobs),
        text_offset: pieces.flatMap(({ text_offset }) => text_offset),
      }

function scoredIn(logprobs: unknown): readonly Scored[] {
  const older = Older.safeParse(logprobs).data
  if (older) {
    return older.tokens.map((token, at) => ({
      token,
      logprob: older.token_logprobs[at] ?? null,
      rivals: older.top_logprobs?.[at] ?? null,
    }))
  }
  const ofChat = OfChat.safeParse(logprobs).data
  return (ofChat?.content ?? []).map(({ token, logprob, top_logprobs: rivals }) => ({
    token,
    logprob,
    rivals: rivals?.length
      ? Object.fromEntries(rivals.map((rival) => [rival.token, rival.logprob]))
      : null,
  }))
}
