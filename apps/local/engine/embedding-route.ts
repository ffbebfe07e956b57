// Answers POST /v1/embeddings: each text on its own, one after the other on one slot.

import type { Context } from 'hono'
import * as z from 'zod'
import { faultOf, type RequestFault } from './completion-request.ts'
import { refusals } from './completion-route.ts'
import type { Embedder } from './engine.ts'
import { invalid, unavailable } from './engine-error.ts'
import type { Counters } from './metrics.ts'
import type { Slots } from './slots.ts'

export type EmbeddingDeps = {
  readonly embedder: Embedder
  readonly slots: Slots
  readonly counters: Counters
  readonly alias: string
  readonly shutdown: AbortSignal
}

const inputsMax = 256
const Text = z.string().min(1, 'Expected a text, not an empty string')

const EmbeddingRequest = z.object({
  input: z.union([Text, z.array(Text).min(1).max(inputsMax)], {
    error: `Expected a text, or 1 to ${inputsMax} of them`,
  }),
  encoding_format: z.enum(['float', 'base64']).nullish(),
})

const AsksDimensions = z.object({ dimensions: z.unknown().refine((value) => value != null) })
const noDimensions: RequestFault = {
  code: 'invalid_value',
  message: 'The field dimensions is not supported: the vectors of this model have one length.',
  param: 'dimensions',
}

/** No token is longer: beyond this, counting tokens would only cost time. */
const bytesPerTokenMax = 16

/** Undefined where it does not fit into the context. */
const fittingTokens = ({ facts, tokens }: Embedder, text: string): number | undefined => {
  if (Buffer.byteLength(text, 'utf8') > facts.contextTokens * bytesPerTokenMax) return undefined
  const count = tokens(text)
  return count < facts.contextTokens ? count : undefined
}

export const makeEmbeddingRoute =
  ({ embedder, slots, counters, alias, shutdown }: EmbeddingDeps) =>
  async (c: Context): Promise<Response> => {
    const body: unknown = await c.req.json().catch(() => undefined)
    if (body === undefined) {
      return invalid(c, { code: 'invalid_json', message: 'The body is not valid JSON.' })
    }
    const parsed = EmbeddingRequest.safeParse(body)
    if (!parsed.success) return invalid(c, faultOf(parsed.error, body))
    if (AsksDimensions.safeParse(body).success) return invalid(c, noDimensions)
    const inputs = [parsed.data.input].flat()
    let promptTokens = 0
    for (const [index, text] of inputs.entries()) {
      const tokens = fittingTokens(embedder, text)
      if (tokens === undefined) return invalid(c, tooLong(index, embedder.facts.contextTokens))
      promptTokens += tokens
    }

    const signal = AbortSignal.any([c.req.raw.signal, shutdown])
    const acquired = await slots.acquire(signal)
    if (!acquired.ok) {
      return unavailable(c, { code: acquired.reason, message: refusals[acquired.reason] })
    }
    const { slot } = acquired
    const startedMs = performance.now()
    try {
      const vectors: Float32Array[] = []
      for (const text of inputs) {
        signal.throwIfAborted()
        vectors.push(await embedder.embed(slot.id, text))
      }
      counters.promptTokens += promptTokens
      return c.json({
        object: 'list',
        data: dataOf(vectors, parsed.data.encoding_format ?? 'float'),
        model: alias,
        usage: { prompt_tokens: promptTokens, total_tokens: promptTokens },
      })
    } finally {
      counters.promptMs += performance.now() - startedMs
      slot.release()
    }
  }

const tooLong = (index: number, contextTokens: number): RequestFault => ({
  code: 'invalid_value',
  message: `Text ${index} does not fit into the context of ${contextTokens} tokens; shorten it.`,
  param: 'input',
})

const dataOf = (vectors: readonly Float32Array[], encoding: 'float' | 'base64') =>
  vectors.map((vector, index) => ({
    object: 'embedding',
    index,
    embedding: encoding === 'base64' ? base64Of(vector) : [...vector],
  }))

/** 32-bit floats, little-endian, as OpenAI encodes them. */
const base64Of = (vector: Float32Array): string => {
  const bytes = Buffer.alloc(vector.length * 4)
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * 4)
  return bytes.toString('base64')
}
