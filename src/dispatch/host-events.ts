/**
 * The body of a host as events: chunks, then perhaps a claim, then the end. Most bodies are event
 * streams; a runtime that does not stream answers with one JSON document, and that is the same
 * events at once. A body is bounded as a whole, so that no host can fill what reads it.
 */
import type { HostChunk } from '../protocol/chat-chunk.ts'
import type { SignedClaim } from '../protocol/claim.ts'
import { documentFrames, type HostFrame, makeFrameReader } from '../protocol/host-frames.ts'
import { limits } from '../protocol/limits.ts'

/** A piece of an answer: of texts in chunks, or the one document that is the whole of it. */
export type HostContent =
  | { readonly kind: 'chunk'; readonly chunk: HostChunk }
  | { readonly kind: 'document'; readonly document: Readonly<Record<string, unknown>> }

export type HostEvent =
  | HostContent
  | { readonly kind: 'claim'; readonly claim: SignedClaim; readonly receiptHash: string }
  | { readonly kind: 'error' }
  | { readonly kind: 'done' }

type Reader = {
  readonly feed: (text: string) => void
  readonly end: () => void
  /** Nothing that comes can be read any more; the error has been handed on. */
  readonly isBroken: () => boolean
}

/** What one read of the body brought, in order and never nothing. */
export async function* hostEvents(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<readonly HostEvent[]> {
  const decoder = new TextDecoder()
  let events: HostEvent[] = []
  const frame = makeFrameTaker((event) => void events.push(event))
  let reader: Reader | undefined
  let bytesLeft: number = limits.hostBodyBytes

  function feed(decoded: string): void {
    const text = reader ? decoded : decoded.trimStart()
    if (text === '') return
    // No line of an event stream begins with a brace, and every JSON document does.
    reader ??= text.startsWith('{') ? makeDocumentReader(frame) : makeFrameReader({ frame })
    reader.feed(text)
  }

  for await (const bytes of body) {
    bytesLeft -= bytes.byteLength
    if (bytesLeft < 0) frame({ kind: 'error' })
    else feed(decoder.decode(bytes, { stream: true }))
    if (events.length > 0) {
      yield events
      events = []
    }
    if (bytesLeft < 0 || reader?.isBroken()) return
  }
  feed(decoder.decode())
  reader?.end()
  if (events.length > 0) yield events
}

function makeDocumentReader(onFrame: (frame: HostFrame) => void): Reader {
  const pieces: string[] = []
  let length = 0
  const isTooLong = () => length > limits.hostReplyBytes
  return {
    feed: (text) => {
      length += text.length
      if (isTooLong()) onFrame({ kind: 'error' })
      else pieces.push(text)
    },
    end: () => documentFrames(pieces.join('')).forEach(onFrame),
    isBroken: isTooLong,
  }
}

/**
 * Where others say null, some runtimes say `''` for no reason yet, and say so to the end. Then the
 * end mark is the reason, unless the node signed that it was cancelled. Behind a reason it is none.
 */
function makeFrameTaker(on: (event: HostEvent) => void): (frame: HostFrame) => void {
  const unreasoned = new Set<number>()
  const reasoned = new Set<number>()

  /** Most chunks go on as they are. */
  function takeReasons(chunk: HostChunk): HostChunk {
    let isEmpty = false
    for (const { index, finish_reason: reason } of chunk.choices) {
      if (reason) reasoned.add(index)
      if (reason !== '') continue
      unreasoned.add(index)
      isEmpty = true
    }
    if (!isEmpty) return chunk
    const choices = chunk.choices.map((choice) => {
      return { ...choice, finish_reason: choice.finish_reason || null }
    })
    return { ...chunk, choices }
  }

  return (frame) => {
    switch (frame.kind) {
      case 'error':
        on(frame)
        return
      case 'done': {
        const stopped = [...unreasoned].filter((index) => !reasoned.has(index))
        const choices = stopped.map((index) => ({ index, finish_reason: 'stop' }))
        if (choices.length > 0) on({ kind: 'chunk', chunk: { choices } })
        on(frame)
        return
      }
      case 'claim': {
        const { claim, receipt_hash } = frame.claim
        if (claim.claim.finish_reason === 'cancelled') unreasoned.clear()
        on({ kind: 'claim', claim, receiptHash: receipt_hash })
        return
      }
      case 'chunk':
        on({ kind: 'chunk', chunk: takeReasons(frame.chunk) })
    }
  }
}
