/**
 * Answers that are one JSON document instead of texts in chunks: what such an answer must have, what
 * of it is sold, and the hash over that. Agent and gateway read the same document with the same code,
 * so that the signed claim of the one fits what the other received.
 */
import * as z from 'zod'
import { isWithin } from './bounded-json.ts'
import { canonicalJson, sha256Hex } from './canonical.ts'
import { HostUsage } from './host-usage.ts'
import { isSoldByUnit, type Modality } from './modality.ts'
import type { TokenCounts } from './usage.ts'

export type DocumentModality = Exclude<Modality, 'text'>

export type Document = Readonly<Record<string, unknown>>

export type DocumentFacts = {
  /**
   * SHA-256 over the canonical JSON (RFC 8785) of the members that are sold: `data`, `results`, or
   * `text`, `language`, `duration`, `segments` and `words`. In it every vector is the base64 of its
   * 32-bit floats, little-endian, so that the hash is the same for both encodings, and cheap.
   */
  readonly outputSha256: string
  /** What the runtime says, or shows, that it did. Null where it says nothing. */
  readonly usage: TokenCounts | null
  /** Of embeddings: read once, because there are many. */
  readonly vectors?: readonly Float32Array[] | undefined
}

/** As nested as a segment with its words; 256 vectors of 4096 numbers each, and what is around them. */
export const documentBounds = { depthMax: 8, valuesMax: 256 * 4096 + 10_000 }
/** Of one vector. */
const dimensionsMax = 16_384

/** Undefined for a document that is not what such a model answers, an error for one. */
export function documentFacts(
  modality: DocumentModality,
  document: Document,
): DocumentFacts | undefined {
  // What is deeper could not be written as text again.
  const read = isWithin(document, documentBounds) ? readers[modality](document) : undefined
  if (read === undefined) return undefined
  const outputSha256 = hashOf(read.sold)
  return outputSha256 === undefined
    ? undefined
    : { outputSha256, usage: usageOf(modality, document, read.units), vectors: read.vectors }
}

/** In the order of their indexes. Undefined unless they are whole, finite and all of one length. */
export function vectorsOf(document: Document): readonly Float32Array[] | undefined {
  const parsed = Embeddings.safeParse(document)
  if (!parsed.success) return undefined
  const vectors: (Float32Array | undefined)[] = parsed.data.data.map(() => undefined)
  for (const [position, { index, embedding }] of parsed.data.data.entries()) {
    const at = index ?? position
    if (at >= vectors.length || vectors[at] !== undefined) return undefined
    vectors[at] = floatsOf(embedding)
  }
  const dimensions = vectors[0]?.length ?? 0
  const isWhole = (vector: Float32Array | undefined): vector is Float32Array =>
    vector !== undefined && vector.length === dimensions && vector.every(Number.isFinite)
  return dimensions > 0 && vectors.every(isWhole) ? vectors : undefined
}

/** The vector as OpenAI's `encoding_format: "base64"` has it. */
export const vectorBase64 = (vector: Float32Array): string =>
  littleEndian(vector).toString('base64')

type Read = {
  readonly sold: object
  readonly units?: number | undefined
  readonly vectors?: readonly Float32Array[] | undefined
}

const readers: Readonly<Record<DocumentModality, (document: Document) => Read | undefined>> = {
  embedding: (document) => {
    const vectors = vectorsOf(document)
    return vectors && { sold: { data: vectors.map(vectorBase64) }, vectors }
  },
  moderation: (document) => {
    const parsed = Moderations.safeParse(document).data
    return parsed && { sold: { results: parsed.results } }
  },
  image: (document) => {
    const data = Images.safeParse(document).data?.data
    return data && { sold: { data }, units: data.length }
  },
  transcription: (document) => {
    const sold = Transcription.safeParse(document).data
    return sold && { sold, units: begunSeconds(document) }
  },
}

/** Far above what fits into a reply. */
const vectorsMax = 2048

/** Of its 32-bit floats in base64. */
const vectorCharsMax = Math.ceil((dimensionsMax * 4) / 3) * 4

const Numbers = z.custom<readonly number[]>(
  (value) =>
    Array.isArray(value) &&
    value.length <= dimensionsMax &&
    value.every((one) => typeof one === 'number'),
)
const Embeddings = z.object({
  data: z
    .array(
      z.object({
        index: z.int().min(0).optional(),
        embedding: z.union([z.string().max(vectorCharsMax), Numbers]),
      }),
    )
    .min(1)
    .max(vectorsMax),
})

const Moderations = z.object({
  results: z
    .array(
      z.looseObject({
        flagged: z.boolean(),
        categories: z.record(z.string(), z.boolean().nullable()),
        category_scores: z.record(z.string(), z.number()),
      }),
    )
    .min(1)
    .max(vectorsMax),
})

/** An image by address would be one that nobody can hash, and that may be another one later. */
const Images = z.object({
  data: z
    .array(z.object({ b64_json: z.string().min(1), revised_prompt: z.string().optional() }))
    .min(1)
    .max(16),
})

const Transcription = z.object({
  text: z.string(),
  language: z.string().optional(),
  duration: z.union([z.number(), z.string()]).optional(),
  segments: z.array(z.unknown()).optional(),
  words: z.array(z.unknown()).optional(),
})

const Seconds = z.coerce.number().min(0).max(1_000_000)
const AudioLength = z.object({
  usage: z.object({ seconds: Seconds }).optional().catch(undefined),
  duration: Seconds.optional().catch(undefined),
})

function begunSeconds(document: Document): number | undefined {
  const { usage, duration } = AudioLength.parse(document)
  const seconds = usage?.seconds ?? duration
  return seconds === undefined ? undefined : Math.ceil(seconds)
}

function usageOf(
  modality: DocumentModality,
  document: Document,
  units: number | undefined,
): TokenCounts | null {
  if (isSoldByUnit(modality)) {
    return units === undefined ? null : { prompt: 0, cached_prompt: 0, completion: 0, units }
  }
  const reported = HostUsage.parse(document.usage)
  return reported ? { prompt: reported.prompt_tokens, cached_prompt: 0, completion: 0 } : null
}

/** Undefined where a text is no Unicode, which has no canonical form. */
function hashOf(sold: object): string | undefined {
  try {
    return sha256Hex(canonicalJson(sold))
  } catch {
    return undefined
  }
}

function floatsOf(embedding: string | readonly number[]): Float32Array {
  if (typeof embedding !== 'string') return Float32Array.from(embedding)
  const bytes = Buffer.from(embedding, 'base64')
  // What is no whole number of floats is no vector: the empty one is refused.
  if (bytes.byteLength % 4 !== 0) return new Float32Array()
  return Float32Array.from({ length: bytes.byteLength / 4 }, (_, at) => bytes.readFloatLE(at * 4))
}

function littleEndian(vector: Float32Array): Buffer {
  const bytes = Buffer.allocUnsafe(vector.length * 4)
  for (const [at, value] of vector.entries()) bytes.writeFloatLE(value, at * 4)
  return bytes
}
