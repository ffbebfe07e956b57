/**
 * Parameters of requests for one document: which reach hosts, which are ours, and which are refused because
 * they would change what is sold. All others are left out, or refused where the client requires all.
 */
import type { ChatRequest } from '../protocol/chat-request.ts'
import type { DocumentPath } from '../protocol/document-request.ts'
import type { ApiError } from '../protocol/errors.ts'

export type DocumentFields = {
  /** What the request is about: never left out. */
  readonly subject: string
  /** Beside it, to hosts of every kind. */
  readonly sent: readonly string[]
  /** By name, with what to do instead. */
  readonly refused: Readonly<Record<string, string>>
}

const ours = ['model', 'provider', 'user']

export const documentFields: Readonly<Record<DocumentPath, DocumentFields>> = {
  '/v1/embeddings': {
    subject: 'input',
    sent: ['encoding_format'],
    refused: {
      dimensions: 'Vectors have the length that their model gives them: cut them on your side.',
    },
  },
  '/v1/moderations': { subject: 'input', sent: [], refused: {} },
  '/v1/images/generations': {
    subject: 'prompt',
    sent: ['n', 'size', 'quality', 'style', 'response_format'],
    refused: {
      stream: 'Images come when all of them are made.',
      partial_images: 'Images come when all of them are made.',
    },
  },
  '/v1/audio/transcriptions': {
    subject: 'file',
    sent: ['language', 'prompt', 'response_format', 'temperature', 'timestamp_granularities'],
    refused: {
      stream: 'A transcription comes when all of it is there.',
      include: 'Transcriptions come without log-probabilities.',
      chunking_strategy: 'Recordings are cut by the runtime.',
    },
  },
}

type Asked = {
  readonly provider?: ChatRequest['provider']
  readonly [field: string]: unknown
}

export function documentParameterFault(path: DocumentPath, asked: Asked): ApiError | undefined {
  const { subject, sent, refused } = documentFields[path]
  const given = Object.keys(asked).filter((name) => asks(asked[name]))
  const param = given.find((name) => Object.hasOwn(refused, name))
  if (param !== undefined) {
    return unsupported(param, `${param} is not supported. ${refused[param] ?? ''}`)
  }
  if (asked.response_format === 'url') {
    return unsupported(
      'response_format',
      'response_format: images come as "b64_json", and never from an address.',
    )
  }
  if (asked.provider?.require_parameters !== true) return undefined
  const dropped = given.find((name) => ![subject, ...sent, ...ours].includes(name))
  return dropped === undefined
    ? undefined
    : unsupported(
        dropped,
        `${dropped}: no runtime is sent it. Leave it out, or do not require every parameter.`,
      )
}

/** What some clients send for "none", as texts where they send a form. */
const nothing: readonly unknown[] = [null, undefined, false, 0, '', 'false', '0']
const asks = (value: unknown): boolean => !nothing.includes(value)

const unsupported = (param: string, message: string): ApiError => ({
  code: 'unsupported_parameter',
  param: param.slice(0, paramCharsMax),
  message: message.slice(0, messageCharsMax),
})

/** The name of an unknown field is the client's own. */
const paramCharsMax = 128
const messageCharsMax = 512
