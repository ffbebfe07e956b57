/**
 * Relays a runtime's event stream, event by event, at the pace of whoever reads it. The runtime's
 * end mark is held back: the signed claim goes before it. A stream that broke ends with an error
 * event instead, its claim before that too, because nobody reads on after an error. One that the
 * gateway cancelled ends as if it were whole: it is what was asked for.
 */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createParser } from 'eventsource-parser'
import { HostChunk } from '../../../src/protocol/chat-chunk.ts'
import { limits } from '../../../src/protocol/limits.ts'
import type { Evidence } from './evidence.ts'
import { hasLeft } from './replies.ts'

export type RelayEnd = 'completed' | 'failed' | 'cancelled_by_client'

/** After a cancel the claim has left within this, or the stream is cut. */
export const cancelledEndMs = 2_000

/** What every relay is given besides where it reads from. */
export type Relay = {
  readonly to: ServerResponse
  readonly evidence: Evidence
  /** Aborts when the client has gone. */
  readonly gone: AbortSignal
  /** Aborts when the gateway cancels. */
  readonly cancelled: AbortSignal
  readonly idleMs: number
}

const endMark = '[DONE]'
const runtimeFailed = {
  error: { code: 'runtime_error', message: 'The runtime failed during its reply.' },
}

export async function relayEvents(
  relay: Relay & { readonly from: IncomingMessage },
): Promise<RelayEnd> {
  const whole = await pump(relay)
  return endEvents(relay, whole)
}

/** Claim and end of a stream whose head has been sent. */
export async function endEvents(relay: Relay, whole: boolean): Promise<RelayEnd> {
  const { to, evidence, gone, cancelled, idleMs } = relay
  const isCancelled = cancelled.aborted && !whole
  if (isCancelled) evidence.cancelled()
  if (gone.aborted || to.destroyed) return 'cancelled_by_client'
  to.write(eventText(JSON.stringify({ b3iq: evidence.signedClaim() })))
  to.end(eventText(whole || isCancelled ? endMark : JSON.stringify(runtimeFailed)))
  const left = await hasLeft(to, isCancelled ? cancelledEndMs : idleMs)
  if (isCancelled || !left) return 'cancelled_by_client'
  return whole ? 'completed' : 'failed'
}

/** True when the runtime's reply was whole: ended by its mark, or after a finish reason. */
async function pump(relay: Parameters<typeof relayEvents>[0]): Promise<boolean> {
  const { from, to, evidence, gone, cancelled, idleMs } = relay
  const stream: { state: 'open' | 'ended' | 'broken'; pending: string } = {
    state: 'open',
    pending: '',
  }

  function take(data: string): void {
    if (stream.state !== 'open') return
    if (data === endMark) {
      stream.state = 'ended'
      return
    }
    const chunk = parseChunk(data)
    if (chunk === undefined) {
      stream.state = 'broken'
      return
    }
    evidence.see(chunk)
    stream.pending += eventText(data)
  }

  const parser = createParser({
    maxBufferSize: limits.hostEventBytes,
    onEvent: ({ data }) => take(data),
    // Runtimes keep connections alive with comments; their wording is nobody's business.
    onComment: () => {
      if (stream.state === 'open') stream.pending += ': ping\n\n'
    },
    onError: ({ type }) => {
      if (type === 'max-buffer-size-exceeded') stream.state = 'broken'
    },
  })

  async function forward(): Promise<void> {
    const text = stream.pending
    stream.pending = ''
    if (text === '' || to.write(text)) return
    const signal = AbortSignal.any([gone, cancelled, AbortSignal.timeout(idleMs)])
    await once(to, 'drain', { signal })
  }

  try {
    for await (const piece of from.setEncoding('utf8')) {
      parser.feed(String(piece))
      await forward()
      if (stream.state !== 'open') break
    }
    // Some runtimes leave out the blank line that ends the last event.
    if (stream.state === 'open') parser.feed('\n\n')
    await forward()
  } catch {
    return false
  }
  return stream.state === 'ended' || (stream.state === 'open' && evidence.finishReason() !== null)
}

/** Undefined for what is no chunk, and for the runtime's own error events. */
function parseChunk(data: string): HostChunk | undefined {
  try {
    const parsed = HostChunk.safeParse(JSON.parse(data))
    return parsed.success && !parsed.data.error ? parsed.data : undefined
  } catch {
    return undefined
  }
}

function eventText(data: string): string {
  return `data: ${data.replaceAll('\n', '\ndata: ')}\n\n`
}
