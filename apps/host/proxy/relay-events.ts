/**
 * Relays a runtime's event stream, event by event, at the pace of whoever reads it. The runtime's
 * end mark is held back: the signed claim goes before it. A stream that broke ends with an error
 * event instead, its claim before that too, because nobody reads on after an error. One that the
 * gateway cancelled ends as if it were whole: it is what was asked for.
 */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { makeFrameReader } from '../../../src/protocol/host-frames.ts'
import type { Evidence } from './evidence.ts'
import { hasLeft } from './replies.ts'

export type RelayEnd = 'completed' | 'failed' | 'cancelled_by_client'

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
  const left = await hasLeft(to, idleMs)
  if (isCancelled || !left) return 'cancelled_by_client'
  return whole ? 'completed' : 'failed'
}

/** True when the runtime's reply was whole: ended by its mark, or after a finish reason. */
async function pump(relay: Parameters<typeof relayEvents>[0]): Promise<boolean> {
  const { from, to, evidence, gone, cancelled, idleMs } = relay
  let pending = ''
  const reader = makeFrameReader({
    frame: (frame) => {
      if (frame.kind !== 'chunk') return
      evidence.see(frame.chunk)
      pending += eventText(frame.data)
    },
    // Runtimes keep connections alive with comments; their wording is nobody's business.
    comment: () => {
      pending += ': ping\n\n'
    },
  })

  async function forward(): Promise<void> {
    const text = pending
    pending = ''
    if (text === '' || to.write(text)) return
    const signal = AbortSignal.any([gone, cancelled, AbortSignal.timeout(idleMs)])
    await once(to, 'drain', { signal })
  }

  try {
    for await (const piece of from.setEncoding('utf8')) {
      reader.feed(String(piece))
      await forward()
      if (reader.lastWord() !== undefined) break
    }
    reader.end()
    await forward()
  } catch {
    return false
  }
  const word = reader.lastWord()
  return word === 'done' || (word === undefined && evidence.finishReason() !== null)
}

function eventText(data: string): string {
  return `data: ${data.replaceAll('\n', '\ndata: ')}\n\n`
}
