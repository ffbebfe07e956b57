/** The rows of what is answered by one document: embeddings, moderations, images, transcriptions. */
import * as z from 'zod'
import { type EndpointTable, json } from '../../http/endpoint.ts'
import { EmbeddingRequest } from '../../protocol/embedding-request.ts'
import { ImageRequest } from '../../protocol/image-request.ts'
import { ModerationRequest } from '../../protocol/moderation-request.ts'
import { TranscriptFormat, TranscriptionRequest } from '../../protocol/transcription-request.ts'
import { priced, type ReplyHeader, routed } from '../reply-header-names.ts'
import type { GatewayAuth } from './auth.ts'
import { Embeddings, Images, Moderations, Transcription } from './document-replies.ts'
import { paid } from './error-codes.ts'
import * as examples from './examples/embeddings.ts'
import { PaidRequestHeaders } from './headers.ts'

const sold = {
  tag: 'Inference',
  auth: 'inference',
  takes: PaidRequestHeaders,
  headers: [...routed, ...priced],
  errors: paid,
} as const

const { language, prompt, model } = TranscriptionRequest.shape

/** As it stands in the form, where every value is a text or the file. */
export const TranscriptionForm = z.object({
  file: z
    .string()
    .meta({ format: 'binary' })
    .describe('FLAC, MP3, MP4, Ogg, WAV or WebM, by the ending of its name.'),
  model,
  language,
  prompt,
  response_format: TranscriptFormat.optional(),
  temperature: z.string().optional().describe('A number from 0 to 1.'),
  'timestamp_granularities[]': z
    .array(z.enum(['word', 'segment']))
    .max(2)
    .optional()
    .describe('With `verbose_json`.'),
  provider: z.string().optional().describe('As in a chat request, as JSON.'),
})

const plainText = { schema: z.string() }

export const documentEndpoints = {
  'POST /v1/embeddings': {
    ...sold,
    operationId: 'createEmbeddings',
    summary: 'Turn texts into vectors',
    does: 'One vector for each text, in their order; billed by prompt tokens.',
    body: json(EmbeddingRequest, { texts: examples.request }),
    answer: json(Embeddings, { vectors: examples.answer }),
  },
  'POST /v1/moderations': {
    ...sold,
    operationId: 'createModeration',
    summary: 'Classify texts',
    does: 'One result for each text, in their order; billed by prompt tokens.',
    body: json(ModerationRequest),
    answer: json(Moderations),
  },
  'POST /v1/images/generations': {
    ...sold,
    operationId: 'createImages',
    summary: 'Make images',
    does: 'Always as base64, because no address of a host reaches a customer; billed by the image.',
    body: json(ImageRequest),
    answer: json(Images),
  },
  'POST /v1/audio/transcriptions': {
    ...sold,
    operationId: 'createTranscription',
    summary: 'Write down what a recording says',
    does: 'Billed by the begun second, as counted here before any host is asked. The text formats carry the charge in headers alone.',
    body: { 'multipart/form-data': { schema: TranscriptionForm } },
    answer: {
      ...json(Transcription),
      'text/plain': plainText,
      'application/x-subrip': plainText,
      'text/vtt': plainText,
    },
  },
} as const satisfies EndpointTable<GatewayAuth, ReplyHeader>
