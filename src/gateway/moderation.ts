/** `POST /v1/moderations`: of each text whether a model flags it, and for what. */
import * as z from 'zod'
import { readJsonBytes } from '../http/read-json.ts'
import { limits } from '../protocol/limits.ts'
import { ModerationRequest } from '../protocol/moderation-request.ts'
import { ok, type Result } from '../protocol/result.ts'
import { inputTexts } from '../protocol/text-inputs.ts'
import { documentForm } from './document-form.ts'
import type { DocumentOrder } from './document-order.ts'
import { documentParameterFault } from './document-parameters.ts'
import { documentWork } from './document-work.ts'
import type { Endpoint } from './inference.ts'
import { jsonBody } from './work.ts'

const path = '/v1/moderations'

export const moderationEndpoint: Endpoint<ModerationRequest> = {
  read: (http) => readJsonBytes(http, ModerationRequest, limits.requestBodyBytes),
  work: async ({ random }, asked, key) => {
    const order = moderationOrder(asked)
    return order.ok ? ok(documentWork(order.value, key, random)) : order
  },
  form: () =>
    documentForm((shown, { identity: { requestId, model }, summary }) => {
      const { prompt_tokens, total_tokens } = summary.usage
      const usage = { prompt_tokens, total_tokens }
      return { body: { id: `modr-${requestId}`, model, ...shown, usage, b3iq: summary } }
    }),
}

/** What else a host says of a text is not in OpenAI's words, and is left out. */
const Results = z.array(
  z.object({
    flagged: z.boolean(),
    categories: z.record(z.string(), z.unknown()),
    category_scores: z.record(z.string(), z.number()),
  }),
)

export function moderationOrder(asked: ModerationRequest): Result<DocumentOrder> {
  const fault = documentParameterFault(path, asked)
  if (fault) return { ok: false, error: fault }
  const texts = inputTexts(asked.input)
  return ok({
    model: asked.model,
    path,
    provider: asked.provider,
    texts,
    hostBody: (model) => jsonBody(Buffer.from(JSON.stringify({ model, input: asked.input }))),
    answerIn: ({ results }) => {
      const read = Results.safeParse(results).data
      return read?.length === texts.length ? { shown: { results: read } } : undefined
    },
  })
}
