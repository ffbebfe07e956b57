/**
 * `POST /v1/embeddings`. Hosts are always asked for numbers, which every runtime gives; base64, which OpenAI's
 * SDKs ask for by default, is made of them here.
 */
import { readJsonBytes } from '../http/read-json.ts'
import { type DocumentFacts, vectorBase64 } from '../protocol/document.ts'
import { EmbeddingRequest } from '../protocol/embedding-request.ts'
import { limits } from '../protocol/limits.ts'
import { ok, type Result } from '../protocol/result.ts'
import { inputTexts } from '../protocol/text-inputs.ts'
import { documentForm } from './document-form.ts'
import type { DocumentAnswer, DocumentOrder } from './document-order.ts'
import { documentParameterFault } from './document-parameters.ts'
import { documentWork } from './document-work.ts'
import type { Endpoint } from './inference.ts'
import { jsonBody } from './work.ts'

const path = '/v1/embeddings'

export const embeddingEndpoint: Endpoint<EmbeddingRequest> = {
  read: (http) => readJsonBytes(http, EmbeddingRequest, limits.requestBodyBytes),
  work: async ({ random }, asked, key) => {
    const order = embeddingOrder(asked)
    return order.ok ? ok(documentWork(order.value, key, random)) : order
  },
  form: () =>
    documentForm((shown, { identity, summary }) => {
      const { prompt_tokens, total_tokens } = summary.usage
      const usage = { prompt_tokens, total_tokens }
      return { body: { object: 'list', ...shown, model: identity.model, usage, b3iq: summary } }
    }),
}

export function embeddingOrder(asked: EmbeddingRequest): Result<DocumentOrder> {
  const fault = documentParameterFault(path, asked)
  if (fault) return { ok: false, error: fault }
  const texts = inputTexts(asked.input)
  const encoding = asked.encoding_format ?? 'float'
  return ok({
    model: asked.model,
    path,
    provider: asked.provider,
    texts,
    hostBody: (model) =>
      jsonBody(
        Buffer.from(JSON.stringify({ model, input: asked.input, encoding_format: 'float' })),
      ),
    answerIn: (_, { vectors }) => answerOf(vectors, { count: texts.length, encoding }),
  })
}

/** One vector for each text, in its place. */
function answerOf(
  vectors: DocumentFacts['vectors'],
  { count, encoding }: { readonly count: number; readonly encoding: 'float' | 'base64' },
): DocumentAnswer | undefined {
  if (vectors?.length !== count) return undefined
  const data = vectors.map((vector, index) => {
    const embedding = encoding === 'base64' ? vectorBase64(vector) : shortest(vector)
    return { object: 'embedding', index, embedding }
  })
  return { shown: { data } }
}

/** Nine digits tell any two 32-bit floats apart; what a float is as a 64-bit number has seventeen. */
const shortest = (vector: Float32Array): readonly number[] =>
  Array.from(vector, (value) => Number(value.toPrecision(9)))
