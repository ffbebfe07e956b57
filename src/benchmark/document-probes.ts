/**
 * What is asked of a model that answers documents: each kind by its own endpoint, in several sizes, and
 * never what was asked before. A probe also judges its answer, by what nobody can get right by chance.
 */

import * as z from 'zod'
import { imageSize } from '../metering/images.ts'
import type { ChatRequest } from '../protocol/chat-request.ts'
import { type Document, type DocumentModality, vectorsOf } from '../protocol/document.ts'
import type { DocumentRequest } from '../protocol/document-request.ts'
import { noiseSeconds, noiseWav } from './noise-wav.ts'
import { freshPrompt, type PromptDeps } from './prompts.ts'

export type Probe = {
  readonly request: DocumentRequest
  /** Read by the runtime, each by itself; none where units are sold. */
  readonly texts: readonly string[]
  /** Images, or seconds; 0 where tokens are sold. */
  readonly units: number
  readonly isRight: (document: Document) => boolean
}

/** Makes probes of one run; what it remembers of answers is for judging later ones. */
export type Prober = {
  /** One of each size. */
  readonly probes: () => readonly Probe[]
  /** Around so many tokens in one text; undefined where no tokens are read. */
  readonly long: ((tokens: number) => Probe) | undefined
}

type ProberDeps = PromptDeps & {
  readonly model: ChatRequest['model']
  readonly bytesPerToken: number
  /** Longer texts are cut down to this. */
  readonly textTokensMax: number
}

export function makeProber(deps: ProberDeps, modality: DocumentModality): Prober {
  const long = (tokens: number): string =>
    freshPrompt(deps, Math.floor(tokens * deps.bytesPerToken), 'and so on.')
  const fresh = (tokens: number): string => long(Math.min(tokens, deps.textTokensMax))
  switch (modality) {
    case 'embedding':
      return embeddings(deps.model, { fresh, long })
    case 'moderation':
      return moderations(deps.model, { fresh, long })
    case 'image':
      return { probes: () => times(5, () => image(deps.model, fresh(24))), long: undefined }
    case 'transcription':
      return { probes: () => times(5, () => transcription(deps)), long: undefined }
  }
}

/** Tokens of each text, by request. */
const textSizes = [[32], [64, 64, 64, 64], [256], times(16, () => 32), [512]] as const

/** Of two vectors: 0 in the same direction. Runtimes batch, and batches round. */
const sameDistanceMax = 1e-3
/** Models that tell no two texts apart give all of them the same vector. */
const otherDistanceMin = 1e-5

/** Texts of about so many tokens: within the bound for most, or beyond it. */
type Texts = Readonly<Record<'fresh' | 'long', (tokens: number) => string>>

function embeddings(model: string, { fresh, long }: Texts): Prober {
  const first = fresh(textSizes[0][0])
  /** As it came first, and the number of its components. */
  let known: Float32Array | undefined
  const probe = (input: readonly string[]): Probe => ({
    request: {
      path: '/v1/embeddings',
      asked: { model, input: [...input], encoding_format: 'float' },
    },
    texts: input,
    units: 0,
    isRight: (document) => {
      const vectors = vectorsOf(document)
      if (vectors?.length !== input.length) return false
      for (const [at, vector] of vectors.entries()) {
        const isFirst = input[at] === first
        if (isFirst) known ??= vector
        if (known && !isLike(vector, { known, isSame: isFirst })) return false
      }
      return true
    },
  })
  return {
    // The first text comes again at the end, beside another: it must have kept its vector.
    probes: () => [
      probe([first]),
      ...textSizes.slice(1).map((sizes) => probe(sizes.map(fresh))),
      probe([fresh(48), first]),
    ],
    long: (tokens) => probe([long(tokens)]),
  }
}

function isLike(
  vector: Float32Array,
  { known, isSame }: { readonly known: Float32Array; readonly isSame: boolean },
): boolean {
  if (vector.length !== known.length) return false
  const distance = cosineDistance(vector, known)
  return isSame ? distance <= sameDistanceMax : distance >= otherDistanceMin
}

/** Not a number where one has no direction, which is near to nothing and far from nothing. */
export const cosineDistance = (one: Float32Array, other: Float32Array): number =>
  1 - dotOf(one, other) / Math.sqrt(dotOf(one, one) * dotOf(other, other))

const dotOf = (one: Float32Array, other: Float32Array): number =>
  one.reduce((sum, value, at) => sum + value * (other[at] ?? 0), 0)

function moderations(model: string, { fresh, long }: Texts): Prober {
  const probe = (input: readonly string[]): Probe => ({
    request: { path: '/v1/moderations', asked: { model, input: [...input] } },
    texts: input,
    units: 0,
    isRight: ({ results }) => Array.isArray(results) && results.length === input.length,
  })
  return {
    probes: () => textSizes.map((sizes) => probe(sizes.map(fresh))),
    long: (tokens) => probe([long(tokens)]),
  }
}

const side = 256

const isDrawn = (base64: string): boolean => {
  const size = imageSize(base64)
  return size?.width === side && size.height === side
}
const Drawn = z.tuple([z.object({ b64_json: z.string().refine(isDrawn) })])

const image = (model: string, prompt: string): Probe => ({
  request: {
    path: '/v1/images/generations',
    asked: { model, prompt, n: 1, size: `${side}x${side}` },
  },
  texts: [],
  units: 1,
  isRight: ({ data }) => Drawn.safeParse(data).success,
})

/** Nothing is said in it, so every text is right. */
const transcription = ({ model, random }: ProberDeps): Probe => ({
  request: {
    path: '/v1/audio/transcriptions',
    asked: { model, file: { type: 'wav', bytes: noiseWav(random) }, response_format: 'json' },
  },
  texts: [],
  units: noiseSeconds,
  isRight: () => true,
})

function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make)
}
