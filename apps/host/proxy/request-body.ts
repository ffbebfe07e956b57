/** The body of a dispatch: read within a bound, checked against its ticket, made fit for a runtime. */
import type { IncomingMessage } from 'node:http'
import type * as z from 'zod'
import { ChatRequest } from '../../../src/protocol/chat-request.ts'
import type { Ticket } from '../../../src/protocol/ticket.ts'

export type ReadBody =
  | { readonly ok: true; readonly bytes: Buffer }
  | { readonly ok: false; readonly reason: 'too_large' | 'incomplete' }

/** `unwanted` breaks off the request; what was read whole by then stays read. */
export async function readBody(
  request: IncomingMessage,
  bytesMax: number,
  unwanted?: AbortSignal,
): Promise<ReadBody> {
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) {
    return { ok: false, reason: 'too_large' }
  }
  const pieces: Buffer[] = []
  let bytes = 0
  const breakOff = () => void request.destroy()
  unwanted?.addEventListener('abort', breakOff, { once: true })
  try {
    // Leaving the loop must not destroy the request: the refusal still has to be sent on it.
    for await (const piece of request.iterator({ destroyOnReturn: false })) {
      pieces.push(piece)
      bytes += piece.byteLength
      if (bytes > bytesMax) return { ok: false, reason: 'too_large' }
    }
  } catch {
    return { ok: false, reason: 'incomplete' }
  } finally {
    unwanted?.removeEventListener('abort', breakOff)
  }
  return { ok: true, bytes: Buffer.concat(pieces) }
}

/** What the agent depends on; images by address are refused by the schema of their parts. */
const Bounded = ChatRequest.pick({
  messages: true,
  max_tokens: true,
  max_completion_tokens: true,
  n: true,
}).partial()

export type ForwardedBody =
  | { readonly ok: true; readonly bytes: Buffer }
  | { readonly ok: false; readonly message: string }

/**
 * The same body with the runtime's own model name and a window within the ticket's. `generates` is
 * false for embeddings, which have no window.
 */
export function forwardedBody(
  bytes: Buffer,
  by: {
    readonly ticket: Pick<Ticket, 'max_tokens' | 'n'>
    readonly localName: string
    readonly generates: boolean
  },
): ForwardedBody {
  const safe = safeBody(bytes)
  if (!safe.ok) return safe
  const { json } = safe
  const { max_tokens, max_completion_tokens, n } = safe.bounded
  if ((n ?? 1) > by.ticket.n) return { ok: false, message: 'n: exceeds the ticket.' }
  const window = Math.min(
    max_tokens ?? by.ticket.max_tokens,
    max_completion_tokens ?? by.ticket.max_tokens,
    by.ticket.max_tokens,
  )
  const forwarded = {
    ...json,
    model: by.localName,
    // Not every runtime knows the newer name, so the older one always carries the window.
    ...(by.generates ? { max_tokens: window } : {}),
    ...(max_completion_tokens ? { max_completion_tokens: window } : {}),
  }
  return { ok: true, bytes: Buffer.from(JSON.stringify(forwarded)) }
}

export type SafeBody =
  | { readonly ok: true; readonly json: object; readonly bounded: z.infer<typeof Bounded> }
  | { readonly ok: false; readonly message: string }

/** A body that makes no runtime fetch anything for a stranger. */
export function safeBody(bytes: Buffer): SafeBody {
  const json = parseObject(bytes)
  if (json === undefined) return { ok: false, message: 'The body is not a JSON object.' }
  const parsed = Bounded.safeParse(json)
  if (parsed.success) return { ok: true, json, bounded: parsed.data }
  const [issue] = parsed.error.issues
  return { ok: false, message: `${issue?.path.join('.')}: ${issue?.message}` }
}

function parseObject(bytes: Buffer): object | undefined {
  try {
    const json: unknown = JSON.parse(bytes.toString('utf8'))
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : undefined
  } catch {
    return undefined
  }
}
