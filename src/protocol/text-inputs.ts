/** What embeddings and moderations read: one text, or several that are answered in their order. */
import * as z from 'zod'
import { limits } from './limits.ts'

/** Token ids are of one tokenizer, and nothing here could count what they stand for. */
const Text = z
  .string({ error: 'it must be a text; token ids and parts of other kinds are not taken' })
  .min(1, 'it must not be empty')

export const TextInputs = z.union([
  Text,
  z
    .array(Text)
    .min(1, 'it must have at least one text')
    .max(limits.inputsPerRequest, `it must have at most ${limits.inputsPerRequest} texts`),
])
export type TextInputs = z.infer<typeof TextInputs>

export const inputTexts = (input: TextInputs): readonly string[] =>
  typeof input === 'string' ? [input] : input
