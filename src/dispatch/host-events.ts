/**
 * The SSE body of a host as events: chunks, then perhaps a claim, then the end. Split characters,
 * split lines, comments, CRLF and frames that are no JSON are all survived; what a host sends
 * is never trusted further than its schema.
 */
import { createParser } from 'eventsource-parser'
import { HostChunk } from '../protocol/chat-chunk.ts'
import { ClaimEvent, type SignedClaim } from '../protocol/claim.ts'
import { limits } from '../protocol/limits.ts'

export type HostEvent =
  | { readonly kind: 'chunk'; readonly chunk: HostChunk }
  | { readonly kind: 'claim'; readonly claim: SignedClaim; readonly receiptHash: string }
  | { readonly kind: 'error' }
  | { readonly kind: 'done' }

/** Malformed frames are skipped and counted; this many end the stream as an error. */
const malformedMax = 8

export async function* hostEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<HostEvent> {
  const decoder = new TextDecoder()
  const ready: HostEvent[] = []
  let malformed = 0
  const parser = createParser({
    maxBufferSize: limits.hostEventBytes,
    onEvent: ({ data }) => {
      const event = toHostEvent(data)
      if (event) ready.push(event)
      else malformed += 1
    },
    onError: ({ type }) => {
      // After an event that is too long the parser takes no more.
      malformed += type === 'max-buffer-size-exceeded' ? malformedMax + 1 : 1
    },
  })
  for await (const bytes of body) {
    parser.feed(decoder.decode(bytes, { stream: true }))
    yield* ready.splice(0)
    if (malformed > malformedMax) {
      yield { kind: 'error' }
      return
    }
  }
  // A body that ends inside its last event still delivered that event's line.
  parser.feed(`${decoder.decode()}\n\n`)
  yield* ready.splice(0)
}

/** Undefined for a frame that is neither JSON of a known shape nor the end marker. */
export function toHostEvent(data: string): HostEvent | undefined {
  if (data.trim() === '[DONE]') return { kind: 'done' }
  const json = parseJson(data)
  if (typeof json !== 'object' || json === null) return undefined
  if ('b3iq' in json) {
    const claim = ClaimEvent.safeParse(json)
    return claim.success
      ? {
          kind: 'claim',
          claim: claim.data.b3iq.claim,
          receiptHash: claim.data.b3iq.receipt_hash,
        }
      : undefined
  }
  if ('error' in json && json.error) return { kind: 'error' }
  const chunk = HostChunk.safeParse(json)
  return chunk.success ? { kind: 'chunk', chunk: chunk.data } : undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
