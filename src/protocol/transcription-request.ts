/**
 * The transcription request as it is read from a form: its texts by name, and the one file. What is not named
 * here is kept, and reaches no host.
 */
import * as z from 'zod'
import { ChatRequest } from './chat-request.ts'

const { model, provider } = ChatRequest.shape

/** Runtimes go by the ending of a file's name. */
export const AudioType = z.enum([
  'flac',
  'm4a',
  'mp3',
  'mp4',
  'mpeg',
  'mpga',
  'ogg',
  'opus',
  'wav',
  'webm',
])
export type AudioType = z.infer<typeof AudioType>

export const AudioFile = z.object(
  {
    type: z.string().pipe(
      z.enum(AudioType.options, {
        error: `its name must end in one of ${AudioType.options.join(', ')}`,
      }),
    ),
    bytes: z.custom<Uint8Array>(
      (bytes) => bytes instanceof Uint8Array && bytes.byteLength > 0,
      'it must not be empty',
    ),
  },
  { error: 'it must be a file' },
)
export type AudioFile = z.infer<typeof AudioFile>

export const TranscriptFormat = z.enum(['json', 'text', 'verbose_json', 'srt', 'vtt'])
export type TranscriptFormat = z.infer<typeof TranscriptFormat>

/** A form has no values but texts. */
const Temperature = z
  .string()
  .regex(/^[01](\.\d{1,9})?$/, 'it must be a number from 0 to 1')
  .transform(Number)
  .pipe(z.number().max(1))

const Granularity = z.enum(['word', 'segment'])

const Provider = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown
    } catch {
      context.addIssue({ code: 'custom', message: 'it must be JSON' })
      return z.NEVER
    }
  })
  .pipe(provider)

export const TranscriptionRequest = z.looseObject({
  model,
  file: AudioFile,
  language: z
    .string()
    .regex(/^[a-z]{2,3}$/, 'it must be a code of ISO 639, as in "en"')
    .optional(),
  prompt: z.string().max(4_096).optional(),
  response_format: TranscriptFormat.optional(),
  temperature: Temperature.optional(),
  timestamp_granularities: z.array(Granularity).min(1).max(2).optional(),
  provider: Provider.optional(),
})
export type TranscriptionRequest = z.infer<typeof TranscriptionRequest>
