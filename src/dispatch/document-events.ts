/**
 * The body of a host that answers with one JSON document, as events: the document, then its claim, then
 * the end. Bounded as a whole, and nothing of it is handed on before it is whole.
 */
import * as z from 'zod'
import { ClaimEvent } from '../protocol/claim.ts'
import { limits } from '../protocol/limits.ts'
import type { HostEvent } from './host-events.ts'

const Document = z.looseObject({})

export async function* documentEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<HostEvent> {
  const text = await wholeText(body)
  const json = text === undefined ? undefined : parseDocument(text)
  const { b3iq: _claim, ...document } = json ?? {}
  const claim = ClaimEvent.safeParse(json)
  const isAnswer = json !== undefined && !document.error
  if (isAnswer) yield { kind: 'document', document }
  if (claim.success) {
    yield { kind: 'claim', claim: claim.data.b3iq.claim, receiptHash: claim.data.b3iq.receipt_hash }
  }
  yield { kind: isAnswer ? 'done' : 'error' }
}

async function wholeText(body: AsyncIterable<Uint8Array>): Promise<string | undefined> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of body) {
    bytes += piece.byteLength
    if (bytes > limits.hostDocumentBytes) return undefined
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

function parseDocument(text: string): z.infer<typeof Document> | undefined {
  try {
    return Document.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
