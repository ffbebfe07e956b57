/**
 * The body of a host that answers with one JSON document, as events: the document, then its claim, then
 * the end. Bounded as a whole, and nothing of it is handed on before it is whole.
 */
import * as z from 'zod'
import { mayBeWithin } from '../protocol/bounded-json.ts'
import { ClaimEvent } from '../protocol/claim.ts'
import { documentBounds } from '../protocol/document.ts'
import { limits } from '../protocol/limits.ts'
import type { HostEvent } from './host-events.ts'

const Document = z.looseObject({})

export async function* documentEvents(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<readonly HostEvent[]> {
  const bytes = await wholeBody(body)
  const json = bytes && parseDocument(bytes)
  const { b3iq: _claim, ...document } = json ?? {}
  const claim = ClaimEvent.safeParse(json)
  const isAnswer = json !== undefined && !document.error
  const events: HostEvent[] = []
  if (isAnswer) events.push({ kind: 'document', document })
  if (claim.success) {
    const { claim: signed, receipt_hash: receiptHash } = claim.data.b3iq
    events.push({ kind: 'claim', claim: signed, receiptHash })
  }
  events.push({ kind: isAnswer ? 'done' : 'error' })
  yield events
}

async function wholeBody(body: AsyncIterable<Uint8Array>): Promise<Buffer | undefined> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of body) {
    bytes += piece.byteLength
    if (bytes > limits.hostDocumentBytes) return undefined
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

function parseDocument(bytes: Buffer): z.infer<typeof Document> | undefined {
  // Millions of empty objects in a few megabytes would take all memory that there is.
  if (!mayBeWithin(bytes, documentBounds)) return undefined
  try {
    return Document.safeParse(JSON.parse(bytes.toString('utf8'))).data
  } catch {
    return undefined
  }
}
