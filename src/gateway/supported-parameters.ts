/** Which parameters have an effect at one host of a model at least, from what is measured and what runtimes take. */
import { modalityOfModel } from '../catalogue/model.ts'
import { fieldTable } from '../dispatch/field-table.ts'
import type { PublicModel } from '../fleet/ports.ts'
import type { DocumentModality } from '../protocol/document.ts'
import type { DocumentPath } from '../protocol/document-request.ts'
import type { Modality } from '../protocol/modality.ts'
import { documentFields } from './document-parameters.ts'

/** Asked of the gateway itself, which has them everywhere. */
const everywhere = ['max_tokens', 'max_completion_tokens', 'stream', 'stream_options']
/** Of no use without the capability. */
const needed = {
  tools: 'tools',
  tool_choice: 'tools',
  parallel_tool_calls: 'tools',
  response_format: 'jsonSchema',
  logprobs: 'logprobs',
  top_logprobs: 'logprobs',
} as const satisfies Readonly<Record<string, keyof PublicModel['variants'][number]['capabilities']>>

export function supportedParameters({ model, variants }: PublicModel): string[] {
  const modality = modalityOfModel(model)
  if (modality !== 'text') return documentParameters(modality)
  const kinds = new Set(model.profiles.flatMap(({ runtime_kinds }) => runtime_kinds))
  const isMeasured = (name: string) => {
    const capability = Object.entries(needed).find(([field]) => field === name)?.[1]
    return capability === undefined || variants.some(({ capabilities }) => capabilities[capability])
  }
  const sent = [...fieldTable]
    .filter(([name, { takenBy }]) => name !== 'messages' && takenBy.some((kind) => kinds.has(kind)))
    .map(([name]) => name)
    .filter(isMeasured)
  return [...everywhere, ...sent].toSorted()
}

/** Of requests whose answer is a document every runtime is sent the same. */
const ofDocuments: Readonly<Record<DocumentModality, DocumentPath>> = {
  embedding: '/v1/embeddings',
  moderation: '/v1/moderations',
  image: '/v1/images/generations',
  transcription: '/v1/audio/transcriptions',
}
const documentParameters = (modality: DocumentModality): string[] =>
  documentFields[ofDocuments[modality]].sent.toSorted()

/** What a host may be shown beside text; whether one was seen to read it is in its capabilities. */
export const inputModalities = ({ model }: PublicModel): string[] => {
  if (modalityOfModel(model) === 'transcription') return ['audio']
  return model.profiles.some(({ image_tokens_max }) => image_tokens_max !== undefined)
    ? ['text', 'image']
    : ['text']
}

/** In OpenRouter's words where it has one. */
export const outputModalities = ({ model }: PublicModel): string[] => [
  outputOf[modalityOfModel(model)],
]

const outputOf: Readonly<Record<Modality, string>> = {
  text: 'text',
  embedding: 'embeddings',
  moderation: 'moderation',
  image: 'image',
  transcription: 'text',
}
