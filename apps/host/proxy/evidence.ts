/** Collects, chunk by chunk or from one document, what the claim will say was delivered. */
import { createHash } from 'node:crypto'
import { chunkText, type HostChunk } from '../../../src/protocol/chat-chunk.ts'
import { type Claim, nodeReceiptHash, signClaim } from '../../../src/protocol/claim.ts'
import type { NowMs } from '../../../src/protocol/clock.ts'
import type { DocumentFacts } from '../../../src/protocol/document.ts'
import { moreUsage, toTokenCounts, type WireUsage } from '../../../src/protocol/host-usage.ts'
import { type Ticket, ticketHash } from '../../../src/protocol/ticket.ts'
import type { NodeKey } from '../node-key.ts'
import type { Target } from '../runtimes/monitor.ts'

export type Evidence = {
  readonly see: (chunk: HostChunk) => void
  /** The whole of an answer that has no chunks. */
  readonly seeDocument: (facts: DocumentFacts) => void
  readonly finishReason: () => string | null
  /** The gateway wanted no more; a reason that the runtime gave before that stands. */
  readonly cancelled: () => void
  /** Whether there is anything to claim. */
  readonly isEmpty: () => boolean
  /** The `b3iq` member of the last event or of a JSON reply. */
  readonly signedClaim: () => { claim: ReturnType<typeof signClaim>; receipt_hash: string }
}

export function makeEvidence(deps: {
  readonly ticket: Ticket
  readonly target: Target
  readonly node: NodeKey
  /** Called for each chunk. */
  readonly seen: () => void
  readonly monotonicMs: NowMs
}): Evidence {
  const { ticket, target, node } = deps
  const startedMs = deps.monotonicMs()
  const elapsedMs = () => Math.max(0, Math.round(deps.monotonicMs() - startedMs))
  const output = createHash('sha256')
  let document: DocumentFacts | undefined
  let reported: WireUsage | null = null
  let finishReason: string | null = null
  let firstContentMs: number | null = null

  return {
    see: (chunk) => {
      deps.seen()
      const text = chunkText(chunk)
      if (text !== '') {
        firstContentMs ??= elapsedMs()
        output.update(text, 'utf8')
      }
      reported = moreUsage(reported, chunk.usage)
      // An empty reason is no reason: some runtimes say it where others say null.
      for (const choice of chunk.choices) finishReason = choice.finish_reason || finishReason
    },
    seeDocument: (facts) => {
      deps.seen()
      firstContentMs ??= elapsedMs()
      document = facts
    },
    finishReason: () => finishReason,
    cancelled: () => {
      finishReason ??= 'cancelled'
    },
    isEmpty: () => firstContentMs === null && reported === null,
    signedClaim: () => {
      const claim: Claim = {
        v: 1,
        ticket_hash: ticketHash(ticket),
        node_id: node.nodeId,
        usage: document ? document.usage : reported && toTokenCounts(reported),
        finish_reason: finishReason,
        output_sha256: document?.outputSha256 ?? output.copy().digest('hex'),
        first_content_ms: firstContentMs,
        total_ms: elapsedMs(),
        runtime: { kind: target.kind, version: target.version },
        artifact_digest: ticket.artifact_digest,
      }
      const signed = signClaim(claim, node.signer)
      return { claim: signed, receipt_hash: nodeReceiptHash(signed) }
    },
  }
}
