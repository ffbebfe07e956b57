/**
 * The two public questions that verifying asks a gateway: a receipt by its hash, and the keys. A
 * gateway is not trusted here: replies are bounded in time and size and checked before use.
 */
import * as z from 'zod'
import { PublishedKeys } from '../../src/protocol/published-keys.ts'
import { ReceiptView } from '../../src/protocol/receipt.ts'
import { checkedBaseUrl } from './base-url.ts'
import { exchange, type Reply } from './exchange.ts'
import { type Outcome, ok, refuse } from './outcome.ts'
import { parseDocument } from './parse-document.ts'

/** `url` without a path to an API; `apiKey` opens the private view of the account's own receipts. */
export type Gateway = {
  readonly url: string
  readonly apiKey?: string
  /** @default 10 s for the whole reply */
  readonly timeoutMs?: number
}

const defaultTimeoutMs = 10_000
const replyBytesMax = 1024 * 1024

const WireErrorReply = z.object({
  error: z.object({ code: z.string().max(64), message: z.string().max(1024) }),
})

/** The same base URL that clients are given, with or without `/v1`, as it is shown and called. */
export const checkedGatewayUrl = (text: string, sendsKey: boolean): Outcome<string> =>
  checkedBaseUrl(text, 'gateway', { sendsKey })

export async function fetchReceipt(gateway: Gateway, hash: string): Promise<Outcome<ReceiptView>> {
  const reply = await get(gateway, `/v1/receipts/${hash}`)
  if (!reply.ok) return reply
  const source = `The reply of ${gateway.url}`
  return reply.value.status === 200
    ? parseDocument(reply.value.text, ReceiptView, { source, kind: 'a receipt' })
    : refused(gateway, reply.value)
}

/** Public: asked without the key, so that nothing but receipts is ever fetched with one. */
export async function fetchKeys({
  apiKey: _,
  ...gateway
}: Gateway): Promise<Outcome<PublishedKeys>> {
  const reply = await get(gateway, '/.well-known/b3iq/keys.json')
  if (!reply.ok) return reply
  const source = `The reply of ${gateway.url}`
  return reply.value.status === 200
    ? parseDocument(reply.value.text, PublishedKeys, { source, kind: 'a list of published keys' })
    : refused(gateway, reply.value)
}

function refused({ url }: Gateway, { status, text }: Reply): Outcome<never> {
  const wire = parseDocument(text, WireErrorReply, { source: url, kind: 'an error' })
  if (!wire.ok) {
    return refuse(`${url} answered ${status} and not as a gateway does: check --gateway.`)
  }
  const { code, message } = wire.value.error
  if (code === 'receipt_not_found') {
    return refuse(`The gateway ${url} has no receipt with this hash: check the hash and --gateway.`)
  }
  return refuse(`The gateway ${url} refused (${code}): ${message}`)
}

async function get(gateway: Gateway, path: string): Promise<Outcome<Reply>> {
  const { url, apiKey, timeoutMs = defaultTimeoutMs } = gateway
  const headers = {
    accept: 'application/json',
    ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
  }
  const ask = { method: 'GET', url: `${url}${path}`, headers, timeoutMs, replyBytesMax }
  const exchanged = await exchange(ask)
  switch (exchanged.kind) {
    case 'replied':
      return ok(exchanged.reply)
    case 'too_large':
      return refuse(`${url} answered with more than ${replyBytesMax} bytes.`)
    case 'refused_connection':
    case 'no_reply':
      return refuse(
        `The gateway ${url} cannot be reached: ${exchanged.reason}. Start it or check --gateway.`,
      )
  }
}
