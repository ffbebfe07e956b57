/** Answers that are one document, on the wire. */
import * as z from 'zod'
import { ModelId } from '../../protocol/ids.ts'
import { Segment, Word } from '../transcript.ts'
import { B3iqSummary } from './summary.ts'

const promptUsage = z.strictObject({ prompt_tokens: z.int(), total_tokens: z.int() })

export const Embeddings = z.strictObject({
  object: z.literal('list'),
  data: z.array(
    z.strictObject({
      object: z.literal('embedding'),
      index: z.int(),
      embedding: z
        .union([z.array(z.number()), z.string()])
        .describe('Numbers, or with `encoding_format: "base64"` their 32-bit floats.'),
    }),
  ),
  model: ModelId,
  usage: promptUsage,
  b3iq: B3iqSummary,
})

export const Moderations = z.strictObject({
  id: z.string(),
  model: ModelId,
  results: z.array(
    z.strictObject({
      flagged: z.boolean(),
      categories: z.record(z.string(), z.boolean().nullable()),
      category_scores: z.record(z.string(), z.number()),
    }),
  ),
  usage: promptUsage,
  b3iq: B3iqSummary,
})

export const Images = z.strictObject({
  created: z.int().describe('Seconds since the epoch.'),
  data: z.array(z.strictObject({ b64_json: z.string(), revised_prompt: z.string().optional() })),
  b3iq: B3iqSummary,
})

export const Transcription = z.strictObject({
  text: z.string(),
  usage: z.strictObject({ type: z.literal('duration'), seconds: z.int() }),
  task: z.string().optional().describe('This and what follows: of `verbose_json`.'),
  language: z.string().optional(),
  duration: z.int().optional().describe('Begun seconds.'),
  segments: z.array(z.strictObject(Segment.shape)).optional(),
  words: z.array(z.strictObject(Word.shape)).optional(),
  b3iq: B3iqSummary,
})
