/**
 * `POST /v1/images/generations`. Images come and go as base64: no address of a host's reaches a customer.
 * What is sold is an image, so each is looked at before it is handed on.
 */
import * as z from 'zod'
import { readJsonBytes } from '../http/read-json.ts'
import { imageSize } from '../metering/images.ts'
import { ImageRequest } from '../protocol/image-request.ts'
import { limits } from '../protocol/limits.ts'
import { ok, type Result } from '../protocol/result.ts'
import { documentForm } from './document-form.ts'
import type { DocumentOrder } from './document-order.ts'
import { documentParameterFault } from './document-parameters.ts'
import { documentWork } from './document-work.ts'
import type { Endpoint } from './inference.ts'
import { jsonBody } from './work.ts'

const path = '/v1/images/generations'

export const imageEndpoint: Endpoint<ImageRequest> = {
  read: (http) => readJsonBytes(http, ImageRequest, limits.requestBodyBytes),
  work: async ({ random }, asked, key) => {
    const order = imageOrder(asked)
    return order.ok ? ok(documentWork(order.value, key, random)) : order
  },
  form: () =>
    documentForm((shown, { identity, summary }) => ({
      body: { created: identity.createdSec, ...shown, b3iq: summary },
    })),
}

/** Each an image, and of the size that was asked for, where one was. */
const imagesOf = (size: string | undefined) =>
  z
    .array(
      z.object({
        b64_json: z.string().refine((base64) => {
          const drawn = imageSize(base64)
          return drawn && (size === undefined || size === `${drawn.width}x${drawn.height}`)
        }),
        revised_prompt: z.string().max(32_000).optional(),
      }),
    )
    .min(1)

export function imageOrder(asked: ImageRequest): Result<DocumentOrder> {
  const fault = documentParameterFault(path, asked)
  if (fault) return { ok: false, error: fault }
  const most = asked.n ?? 1
  const size = asked.size === 'auto' ? undefined : (asked.size ?? undefined)
  const Images = imagesOf(size).max(most)
  return ok({
    model: asked.model,
    path,
    provider: asked.provider,
    texts: [],
    units: { most, tolerance: 0 },
    hostBody: (model) => jsonBody(Buffer.from(JSON.stringify({ ...sentFields(asked), model }))),
    answerIn: (document) => {
      const data = Images.safeParse(document.data).data
      return data && { shown: { data }, units: data.length }
    },
  })
}

function sentFields({ prompt, n, size, quality, style }: ImageRequest) {
  return {
    prompt,
    n: n ?? 1,
    response_format: 'b64_json',
    ...(size == null ? {} : { size }),
    ...(quality == null ? {} : { quality }),
    ...(style == null ? {} : { style }),
  }
}
