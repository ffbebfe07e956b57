/** One HTTP exchange, bounded in time and size; what can go wrong on the way is a value. */

export type Ask = {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
  /** For the whole reply. */
  readonly timeoutMs: number
  readonly replyBytesMax: number
}

export type Reply = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** `reason` follows "cannot be reached:". */
export type Exchanged =
  | { readonly kind: 'replied'; readonly reply: Reply }
  | { readonly kind: 'too_large' }
  | { readonly kind: 'refused_connection'; readonly reason: string }
  /** The other side may have done what it was asked to. */
  | { readonly kind: 'no_reply'; readonly reason: string }

export async function exchange(ask: Ask): Promise<Exchanged> {
  const { method, url, headers, body, timeoutMs, replyBytesMax } = ask
  try {
    const response = await fetch(url, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      // Where a redirect leads, a key must not follow.
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    })
    const text = await readBounded(response, replyBytesMax)
    if (text === undefined) return { kind: 'too_large' }
    return { kind: 'replied', reply: { status: response.status, headers: response.headers, text } }
  } catch (error) {
    return failureOf(error, timeoutMs)
  }
}

export function failureOf(
  error: unknown,
  timeoutMs: number,
): Extract<Exchanged, { readonly reason: string }> {
  if (error instanceof Error && error.name === 'TimeoutError') {
    return { kind: 'no_reply', reason: `no whole reply in ${timeoutMs} ms` }
  }
  // `fetch` says only that it failed; the reason is in the cause.
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const reason = cause instanceof Error ? cause.message || cause.name : String(cause)
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  const isUnsent = typeof code === 'string' && /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN)$/.test(code)
  return { kind: isUnsent ? 'refused_connection' : 'no_reply', reason }
}

/** The text of a reply; undefined where it is longer than it may be. */
export async function readBounded(
  { body }: Response,
  bytesMax: number,
): Promise<string | undefined> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of body ?? []) {
    bytes += piece.byteLength
    if (bytes > bytesMax) return undefined
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}
