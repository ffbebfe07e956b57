/** Tickets with their claims, as an agent keeps them. */
import { signClaim } from '../../../../src/protocol/claim.ts'
import type { LateClaimOffer } from '../../../../src/protocol/late-claims.ts'
import { signTicket, type Ticket, ticketHash } from '../../../../src/protocol/ticket.ts'
import { artifactDigest, makeTicket, makeTicketSigner } from './gateway.ts'
import { makeNodeKey } from './proxy.ts'

const node = makeNodeKey()

export function makeOffer(change: Partial<Ticket> = {}): LateClaimOffer {
  const ticket = makeTicket(node.nodeId, '{}', change)
  const claim = signClaim(
    {
      v: 1,
      ticket_hash: ticketHash(ticket),
      node_id: node.nodeId,
      usage: { prompt: 7, cached_prompt: 0, completion: 2 },
      finish_reason: null,
      output_sha256: 'd'.repeat(64),
      first_content_ms: 10,
      total_ms: 20,
      runtime: { kind: 'llamacpp', version: 'b1' },
      artifact_digest: artifactDigest,
    },
    node.signer,
  )
  return { ticket: signTicket(ticket, makeTicketSigner()), claim }
}

export const hashOf = ({ ticket }: LateClaimOffer): string => ticketHash(ticket.ticket)
