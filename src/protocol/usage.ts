/** Token counts as they stand in claims and receipts. */
import * as z from 'zod'

const tokens = z.int().min(0).max(100_000_000)

export const TokenCounts = z
  .strictObject({
    prompt: tokens,
    cached_prompt: tokens,
    completion: tokens,
    /** Images, or begun seconds of audio; absent where tokens alone are sold. */
    units: tokens.optional(),
  })
  .refine((counts) => counts.cached_prompt <= counts.prompt, {
    message: 'cached_prompt is part of prompt and cannot exceed it',
  })
export type TokenCounts = z.infer<typeof TokenCounts>

/**
 * `bytes_ratio`: from the relayed bytes and the profile's calibrated band. `units`: the images in the answer,
 * or the length of the audio that was sent.
 */
export const CountMethod = z.enum(['tokenizer', 'bytes_ratio', 'units'])
export type CountMethod = z.infer<typeof CountMethod>
