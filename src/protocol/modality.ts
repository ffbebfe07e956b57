/** What a model is for. It decides which endpoint takes it and what its work is billed by. */
import * as z from 'zod'

/**
 * Billed by: `text` prompt, cached and completion tokens; `embedding` and `moderation` prompt tokens; `image`
 * images; `transcription` begun seconds of audio.
 */
export const Modality = z.enum(['text', 'embedding', 'moderation', 'image', 'transcription'])
export type Modality = z.infer<typeof Modality>

/** Of those, what no tokens measure: images, or begun seconds of audio. */
export const isSoldByUnit = (modality: Modality): boolean =>
  modality === 'image' || modality === 'transcription'
