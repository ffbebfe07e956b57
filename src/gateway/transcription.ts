/**
 * `POST /v1/audio/transcriptions`. What is sold is a begun second of the recording, counted here before any host
 * is asked. Hosts answer in JSON alone; plain text and subtitles are made of it.
 */
import { type FormPart, readForm, writeForm } from '../http/form.ts'
import { checkValue } from '../http/read-json.ts'
import { audioSeconds } from '../metering/audio.ts'
import { limits } from '../protocol/limits.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { type TranscriptFormat, TranscriptionRequest } from '../protocol/transcription-request.ts'
import { documentForm } from './document-form.ts'
import type { DocumentOrder } from './document-order.ts'
import { documentParameterFault } from './document-parameters.ts'
import { documentWork } from './document-work.ts'
import type { Endpoint, ReadRequest } from './inference.ts'
import { readTranscript, subtitlesOf } from './transcript.ts'
import type { HostBody } from './work.ts'

const path = '/v1/audio/transcriptions'

export const transcriptionEndpoint: Endpoint<TranscriptionRequest> = {
  read: readTranscriptionRequest,
  work: async ({ random }, asked, key) => {
    const order = transcriptionOrder(asked)
    return order.ok ? ok(documentWork(order.value, key, random)) : order
  },
  form: ({ response_format: format = 'json' }) =>
    documentForm((shown, { summary }) => {
      const text = plainText(shown, format)
      const usage = { type: 'duration', seconds: summary.usage.units }
      return { body: { ...shown, usage, b3iq: summary }, plain: text }
    }),
}

async function readTranscriptionRequest(
  http: Request,
): Promise<Result<ReadRequest<TranscriptionRequest>>> {
  const form = await readForm(http, limits.requestBodyBytes)
  if (!form.ok) return form
  const asked = checkValue(fieldsOf(form.value), TranscriptionRequest)
  // Clients draw another boundary for each try: what they said is the same in ours.
  return asked.ok ? ok({ asked: asked.value, bytes: writeForm(form.value).bytes }) : asked
}

/** Names that end in `[]` are lists; of any other the last one counts. */
function fieldsOf(parts: readonly FormPart[]): Readonly<Record<string, unknown>> {
  const isList = ({ name }: FormPart) => name.endsWith('[]')
  const lists = Object.groupBy(parts.filter(isList), ({ name }) => name.slice(0, -2))
  const single = parts.filter((part) => !isList(part))
  return Object.fromEntries([
    ...single.map(({ name, value }) => [name, typeof value === 'string' ? value : toFile(value)]),
    ...Object.entries(lists).map(([name, list = []]) => [name, list.map(({ value }) => value)]),
  ])
}

const toFile = ({ filename, bytes }: Exclude<FormPart['value'], string>) => ({
  type: /\.(\w+)$/.exec(filename)?.[1]?.toLowerCase() ?? '',
  bytes,
})

export function transcriptionOrder(asked: TranscriptionRequest): Result<DocumentOrder> {
  const fault = documentParameterFault(path, asked)
  if (fault) return { ok: false, error: fault }
  const { response_format: format = 'json', timestamp_granularities: granularities } = asked
  if (granularities && format !== 'verbose_json') {
    const param = 'timestamp_granularities'
    const message = `${param}: it needs response_format to be "verbose_json".`
    return refuse('invalid_value', { param, message })
  }
  const seconds = audioSeconds(asked.file.bytes)
  if (seconds === undefined) return refuse('invalid_value', { param: 'file', message: noLength })
  if (seconds > limits.audioSeconds) {
    const message = `file: the recording has ${seconds} seconds; at most ${limits.audioSeconds} are taken.`
    return refuse('invalid_value', { param: 'file', message })
  }
  return ok({
    model: asked.model,
    path,
    provider: asked.provider,
    texts: [],
    units: { most: seconds },
    hostBody: (model) => hostForm(asked, model),
    answerIn: (document) => {
      const shown = readTranscript(document, { format, seconds })
      return shown && { shown, units: seconds }
    },
  })
}

const noLength =
  'file: how long the recording is cannot be told from it. Send a whole FLAC, MP3, MP4 (AAC), Ogg or WebM (Opus or Vorbis) or WAV (PCM) file.'

function hostForm(asked: TranscriptionRequest, model: string): HostBody {
  const { file, language, prompt, temperature, response_format: format = 'json' } = asked
  const hostFormat = format === 'json' || format === 'text' ? 'json' : 'verbose_json'
  const text = (name: string, value: string | number | undefined): readonly FormPart[] =>
    value === undefined ? [] : [{ name, value: String(value) }]
  return writeForm([
    ...text('model', model),
    ...text('response_format', hostFormat),
    ...text('language', language),
    ...text('prompt', prompt),
    ...text('temperature', temperature),
    ...(asked.timestamp_granularities ?? []).flatMap((value) =>
      text('timestamp_granularities[]', value),
    ),
    // Its own name may say who it is about.
    { name: 'file', value: { filename: `audio.${file.type}`, bytes: file.bytes } },
  ])
}

function plainText(shown: Readonly<Record<string, unknown>>, format: TranscriptFormat) {
  switch (format) {
    case 'json':
    case 'verbose_json':
      return undefined
    case 'text':
      return { contentType: 'text/plain; charset=utf-8', text: `${shown.text}\n` }
    case 'srt':
    case 'vtt':
      return subtitlesOf(shown, format)
  }
}
