/** One request to every endpoint of the gateway, in each of its forms, as a customer sends it. */
import * as z from 'zod'
import { gatewayEndpoints } from '../../../src/gateway/api/endpoints.ts'
import { chatPath, chatRequest } from '../../../test/support/chat-client.ts'
import { formOf } from '../../../test/support/document-client.ts'
import { wavOf } from '../../../test/support/documents-on-sale.ts'
import type { Customer } from '../../../test/support/gateway-bench.ts'
import { openStreams, type Shop } from './shop.ts'
import type { Gateway, Stand } from './stand.ts'

export type Ask = {
  /** As the table of endpoints names it. */
  readonly endpoint: string
  /** Which of its forms; empty where it has one. */
  readonly form: string
  readonly isPaid: boolean
  readonly send: (gateway: Gateway) => Promise<Response>
}

/** The gateway's endpoints that no ask is for: none is to be forgotten. */
export const unasked = (asks: readonly Ask[]): readonly string[] =>
  Object.keys(gatewayEndpoints).filter((name) => asks.every(({ endpoint }) => endpoint !== name))

export type Asks = {
  readonly asks: readonly Ask[]
  /** Ends what was opened for them. */
  readonly end: () => Promise<void>
}

export async function makeAsks(stand: Stand, shop: Shop): Promise<Asks> {
  const customer = await shop.newCustomer()
  const receiptHash = await buy(stand.unmetered, shop, customer)
  const running = await openStreams(stand, { customer, count: 1 })
  const asks = [
    ...paidAsks(shop, customer),
    ...freeAsks(shop, customer, { receiptHash, runningId: running.ids[0] ?? '' }),
  ]
  return { asks, end: running.end }
}

const Completion = z.looseObject({ b3iq: z.looseObject({ receipt_hash: z.string() }) })

async function buy(gateway: Gateway, { models }: Shop, customer: Customer): Promise<string> {
  const response = await gateway.request(chatPath, chatRequest(customer, { model: models.text.id }))
  if (!response.ok) throw new Error(`nothing was bought: ${await response.text()}`)
  return Completion.parse(await response.json()).b3iq.receipt_hash
}

function paidAsks({ models }: Shop, customer: Customer): readonly Ask[] {
  const paid = (path: string, form: string, body: object): Ask => ({
    endpoint: `POST ${path}`,
    form,
    isPaid: true,
    send: async (gateway) => gateway.request(path, await posted(customer, body)),
  })
  const inBothForms = (path: string, body: object): readonly Ask[] => [
    paid(path, 'streamed', { ...body, stream: true }),
    paid(path, 'whole', body),
  ]
  const model = models.text.id
  return [
    ...inBothForms(chatPath, { model, messages: [{ role: 'user', content: 'Say hello.' }] }),
    ...inBothForms('/v1/completions', { model, prompt: 'Once' }),
    ...inBothForms('/v1/responses', { model, input: 'Say hello.' }),
    paid('/v1/embeddings', '', { model: models.embedding.id, input: 'hello' }),
    paid('/v1/moderations', '', { model: models.moderation.id, input: 'hello' }),
    paid('/v1/images/generations', '', { model: models.image.id, prompt: 'a dot' }),
    paid(
      '/v1/audio/transcriptions',
      '',
      formOf({ model: models.transcription.id }, { bytes: wavOf(1.5) }),
    ),
  ]
}

function freeAsks(
  { models }: Shop,
  customer: Customer,
  known: { readonly receiptHash: string; readonly runningId: string },
): readonly Ask[] {
  const model = models.text.id
  const free = (endpoint: string, path: string, body?: object): Ask => ({
    endpoint,
    form: '',
    isPaid: false,
    send: async (gateway) =>
      gateway.request(path, body ? await posted(customer, body) : { headers: keyOf(customer) }),
  })
  const shown = (path: string): Ask => free(`GET ${path}`, path)
  return [
    free('POST /v1/account/quote', '/v1/account/quote', {
      model,
      messages: [{ role: 'user', content: 'Say hello.' }],
    }),
    free('POST /v1/requests/:id/cancel', `/v1/requests/${known.runningId}/cancel`, {}),
    free('GET /v1/receipts/:hash', `/v1/receipts/${known.receiptHash}`),
    shown('/v1/models'),
    free('GET /v1/models/:id{.+}', `/v1/models/${model}`),
    shown('/v1/key'),
    shown('/v1/billing/policy'),
    shown('/v1/billing/account'),
    shown('/v1/billing/usage'),
    shown('/v1/openapi.json'),
    shown('/.well-known/b3iq/keys.json'),
    shown('/healthz'),
  ]
}

const keyOf = ({ token }: Customer) => ({ authorization: `Bearer ${token}` })

/** With the length that every client tells of what it sends in one piece. */
async function posted(customer: Customer, body: object): Promise<RequestInit> {
  const isForm = body instanceof FormData
  const sent = isForm ? new Response(body) : Response.json(body)
  // Not bytes(): the server of other tests has put a Response of its own in place of the global one.
  const bytes = new Uint8Array(await sent.arrayBuffer())
  const headers = {
    ...keyOf(customer),
    'content-type': sent.headers.get('content-type') ?? '',
    'content-length': String(bytes.byteLength),
  }
  return { method: 'POST', headers, body: bytes }
}
