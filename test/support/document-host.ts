/**
 * A host whose runtime answers whole documents: embeddings, moderations, images and transcriptions,
 * signed as the agent signs them. `startDocumentHost()` answers each path with what is right for the
 * request; the scripts here say one thing exactly, and those of host-answers.ts (`refuses`,
 * `rejects`, `busy`, `hangsUp`) fail as any host fails.
 */
import { crc32 } from 'node:zlib'
import { sha256Hex } from '../../src/protocol/canonical.ts'
import { type Document, documentFacts, vectorBase64 } from '../../src/protocol/document.ts'
import { HostPath, modalityOf } from '../../src/protocol/host-path.ts'
import { type Answer, claimMember, proofOf, type Script, type Turn } from './host-answers.ts'
import { startScriptedHost } from './scripted-host.ts'

/** What of an answer a test may change. */
export type DocumentAnswer = Pick<Answer, 'proof' | 'claim' | 'claimSigner'> & {
  /** How the reply ends before its document does. */
  readonly end?: 'cut' | 'silence'
}

/** Without `scripts` left, each path is answered with its own kind of document. */
export async function startDocumentHost(...scripts: readonly Script[]) {
  const host = await startScriptedHost(...scripts)
  host.always(answersDocuments())
  return host
}

/** By the path and the body that were asked with. */
export const answersDocuments =
  (answer: DocumentAnswer = {}): Script =>
  (turn) =>
    sendsDocument(documentFor(turn), answer)(turn)

/** This very document, with a claim over it; over nothing where it is no answer to its path. */
export const sendsDocument =
  (document: Document, answer: DocumentAnswer = {}): Script =>
  async (turn) => {
    const { response } = turn
    const text = JSON.stringify(signedDocument(document, answer, turn))
    response.writeHead(200, { 'content-type': 'application/json', ...proofOf(answer, turn) })
    if (answer.end === undefined) return void response.end(text)
    response.write(text.slice(0, text.length / 2))
    if (answer.end === 'cut') response.destroy()
  }

export const dimensions = 8

/** The same text has the same vector, of length 1; another text has another. */
export function vectorOf(text: string): Float32Array {
  const bytes = Buffer.from(sha256Hex(text), 'hex')
  const raw = Float32Array.from({ length: dimensions }, (_, at) => bytes.readInt16LE(at * 2))
  const norm = Math.hypot(...raw)
  return raw.map((value) => value / norm)
}

/** What is counted for a prompt of these texts: one token for each of their words. */
export const promptTokensOf = (texts: readonly string[]): number =>
  texts.join(' ').split(/\s+/).filter(Boolean).length

export function embeddingsDocument(
  inputs: readonly string[],
  encoding: 'float' | 'base64' = 'float',
): Document {
  const data = inputs.map((input, index) => {
    const vector = vectorOf(input)
    const embedding = encoding === 'base64' ? vectorBase64(vector) : [...vector]
    return { object: 'embedding', index, embedding }
  })
  const prompt = promptTokensOf(inputs)
  const usage = { prompt_tokens: prompt, total_tokens: prompt }
  return { object: 'list', data, model: 'local-embed', usage }
}

/** Flags a text that has the word `attack` in it. */
export function moderationsDocument(inputs: readonly string[]): Document {
  const results = inputs.map((input) => {
    const flagged = input.includes('attack')
    const scores = { violence: flagged ? 0.98 : 0.01, harassment: 0.02 }
    return {
      flagged,
      categories: { violence: flagged, harassment: false },
      category_scores: scores,
    }
  })
  const prompt = promptTokensOf(inputs)
  const usage = { prompt_tokens: prompt, total_tokens: prompt }
  return { id: 'modr-local', model: 'local-moderation', results, usage }
}

/** A picture of one pixel. */
export const pixelPngBase64 =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

/** The same, with a header that says that it is as large as `512x512`. */
export function pngBase64(size: string): string {
  const png = Buffer.from(pixelPngBase64, 'base64')
  for (const [at, side] of size.split('x').entries()) png.writeUInt32BE(Number(side), 16 + at * 4)
  png.writeUInt32BE(crc32(png.subarray(12, 29)), 29)
  return png.toString('base64')
}

export const imagesDocument = (n = 1, size = '1x1'): Document => ({
  created: 1_700_000_000,
  data: Array.from({ length: n }, () => ({ b64_json: pngBase64(size) })),
})

export type TranscriptionFormat = 'json' | 'verbose_json'

/** `json` tells the length in its usage, `verbose_json` in its duration too. */
export function transcriptionDocument(
  text = 'hello world',
  { seconds = 2, format = 'json' }: { seconds?: number; format?: TranscriptionFormat } = {},
): Document {
  const usage = { type: 'duration', seconds }
  if (format === 'json') return { text, usage }
  const segment = { id: 0, start: 0, end: seconds, text, tokens: [1, 2], avg_logprob: -0.1 }
  return {
    task: 'transcribe',
    language: 'english',
    duration: seconds,
    text,
    segments: [segment],
    usage,
  }
}

function documentFor({ path, body, bytes }: Turn): Document {
  switch (path) {
    case '/v1/embeddings':
      return embeddingsDocument(
        textsOf(body.input),
        body.encoding_format === 'base64' ? 'base64' : 'float',
      )
    case '/v1/moderations':
      return moderationsDocument(textsOf(body.input))
    case '/v1/images/generations':
      return imagesDocument(
        typeof body.n === 'number' ? body.n : 1,
        typeof body.size === 'string' ? body.size : undefined,
      )
    case '/v1/audio/transcriptions':
      return transcriptionDocument('hello world', {
        format: bytes.includes('verbose_json') ? 'verbose_json' : 'json',
      })
    default:
      return { error: { message: `no document is answered at ${path}` } }
  }
}

const textsOf = (input: unknown): readonly string[] =>
  (Array.isArray(input) ? input : [input]).map((one) =>
    typeof one === 'string' ? one : JSON.stringify(one),
  )

function signedDocument(document: Document, answer: DocumentAnswer, turn: Turn): Document {
  if (answer.claim === 'none') return document
  const path = HostPath.parse(turn.path)
  const modality = modalityOf[path]
  const facts = modality === 'text' ? undefined : documentFacts(modality, document)
  const of = {
    usage: facts?.usage ?? null,
    output_sha256: facts?.outputSha256 ?? sha256Hex(''),
    finish_reason: null,
  }
  return { ...document, ...claimMember(of, answer, turn) }
}
