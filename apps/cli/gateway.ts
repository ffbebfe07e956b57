/**
 * The two public questions that verifying asks a gateway: a receipt by its hash, and the keys. A
 * gateway is not trusted here: replies are bounded in time and size and checked before use.
 */
import * as z from 'zod'
import { PublishedKeys, ReceiptView } from '../../src/protocol/receipt.ts'
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
export function checkedGatewayUrl(text: string, sendsKey: boolean): Outcome<string> {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.search || url.hash) {
    return refuse(`"${text}" is not the URL of a gateway: write it as https://HOST.`)
  }
  if (sendsKey && url.protocol === 'http:' && !isLoopback(url.hostname)) {
    return refuse(
      `An API key is not sent over plain http: write the gateway as https://${url.host}.`,
    )
  }
  return ok(`${url.origin}${url.pathname.replace(/(\/v1)?\/*$/, '')}`)
}

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

type Reply = { readonly status: number; readonly text: string }

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
  try {
    const response = await fetch(`${url}${path}`, {
      headers: {
        accept: 'application/json',
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      },
      // Where a redirect leads, a key must not follow.
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    })
    const text = await readBounded(response)
    if (text === undefined) return refuse(`${url} answered with more than ${replyBytesMax} bytes.`)
    return ok({ status: response.status, text })
  } catch (error) {
    const reason = isTimeout(error) ? `no whole reply in ${timeoutMs} ms` : networkReason(error)
    return refuse(`The gateway ${url} cannot be reached: ${reason}. Start it or check --gateway.`)
  }
}

async function readBounded({ body }: Response): Promise<string | undefined> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of body ?? []) {
    bytes += piece.byteLength
    if (bytes > replyBytesMax) return undefined
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)

const isTimeout = (error: unknown): boolean =>
  error instanceof Error && error.name === 'TimeoutError'

/** `fetch` says only that it failed; the reason is in the cause. */
function networkReason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message || cause.name : String(cause)
}
