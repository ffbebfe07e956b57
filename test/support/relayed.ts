/** A host's body through the gateway's reading of it, up to what an answer is made of. */
import { hostEvents } from '../../src/dispatch/host-events.ts'
import type { CompletionEvent } from '../../src/gateway/completion-event.ts'
import { makeRelay, type RelayIdentity } from '../../src/gateway/relay.ts'
import type { ChatChunk } from '../../src/protocol/chat-chunk.ts'
import type { SignedClaim } from '../../src/protocol/claim.ts'
import { moreUsage, toTokenCounts, type WireUsage } from '../../src/protocol/host-usage.ts'
import { finished, identity, started } from './settled-request.ts'

/** `text` in pieces of so many bytes. */
export async function* inPieces(
  text: string,
  bytesPerPiece = text.length * 4,
): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text, 'utf8')
  for (let from = 0; from < bytes.byteLength; from += bytesPerPiece) {
    yield bytes.subarray(from, from + bytesPerPiece)
  }
}

export async function relayed(
  body: AsyncIterable<Uint8Array>,
  changes: Partial<RelayIdentity> = {},
) {
  const relay = makeRelay({ ...identity, ...changes })
  const chunks: ChatChunk[] = []
  const kinds: string[] = []
  let claim: SignedClaim | undefined
  let usage: WireUsage | null = null
  for (const event of (await Array.fromAsync(hostEvents(body))).flat()) {
    kinds.push(event.kind)
    if (event.kind === 'claim') claim = event.claim
    if (event.kind !== 'chunk') continue
    usage = moreUsage(usage, event.chunk.usage)
    chunks.push(...relay.take(event.chunk))
  }
  /** The host's word, as its frames tell it. */
  const hostUsage = usage && toTokenCounts(usage)
  const totals = relay.totals()
  const events: CompletionEvent[] = [
    started,
    ...chunks.map((chunk) => ({ kind: 'chunks', chunks: [chunk] }) as const),
    finished(...totals.finishReasons),
  ]
  return { chunks, kinds, claim, hostUsage, totals, isFinished: relay.isFinished(), events }
}
