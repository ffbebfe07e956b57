/**
 * Whether an offer of a host is a claim that can be judged at all: our ticket, to this very node, and
 * the node's own word on it. Pure; what may be paid for it is the ledger's to say.
 */
import type { NodeFacts } from '../fleet/node.ts'
import { verifyClaim } from '../protocol/claim.ts'
import { keysNotEnded } from '../protocol/key-succession.ts'
import { LateClaimOffer } from '../protocol/late-claims.ts'
import type { PublishedKeys } from '../protocol/published-keys.ts'
import { isGenuineTicket, isIssuedInKeyLife, isOfStage, ticketHash } from '../protocol/ticket.ts'

export type OfferRefusal =
  | 'malformed'
  /** Not signed by a ticket key of this stage while that key was in use. */
  | 'bad_ticket'
  /** The ticket or the claim is another node's. */
  | 'wrong_node'
  /** The claim is for another ticket, or for another build than the ticket ordered. */
  | 'claim_mismatch'
  | 'bad_claim_signature'

export type CheckedOffer =
  | { readonly kind: 'sound'; readonly ticketHash: string; readonly offer: LateClaimOffer }
  | {
      readonly kind: 'refused'
      readonly ticketHash: string | undefined
      readonly reason: OfferRefusal
    }

export type OfferTerms = {
  readonly stage: string
  /** Past ones too: the root that certified a ticket may have retired since. */
  readonly publishedKeys: PublishedKeys
  readonly node: Pick<NodeFacts, 'nodeId' | 'publicKey'>
}

export function checkOffer(value: unknown, terms: OfferTerms): CheckedOffer {
  const parsed = LateClaimOffer.safeParse(value)
  if (!parsed.success) return { kind: 'refused', ticketHash: undefined, reason: 'malformed' }
  const offer = parsed.data
  const hash = ticketHash(offer.ticket.ticket)
  const reason = refusalOf(offer, hash, terms)
  return reason
    ? { kind: 'refused', ticketHash: hash, reason }
    : { kind: 'sound', ticketHash: hash, offer }
}

function refusalOf(
  { ticket: signedTicket, claim: signedClaim }: LateClaimOffer,
  hash: string,
  { stage, publishedKeys, node }: OfferTerms,
): OfferRefusal | undefined {
  const { ticket } = signedTicket
  const { claim } = signedClaim
  const roots = keysNotEnded(publishedKeys, 'ticket_root', ticket.issued_at_ms)
  const isOurs =
    isOfStage(signedTicket, stage) &&
    isIssuedInKeyLife(signedTicket) &&
    isGenuineTicket(
      signedTicket,
      roots.map(({ public_key }) => public_key),
    )
  if (!isOurs) return 'bad_ticket'
  if (ticket.node_id !== node.nodeId || claim.node_id !== node.nodeId) return 'wrong_node'
  const isForTicket = claim.ticket_hash === hash && claim.artifact_digest === ticket.artifact_digest
  if (!isForTicket) return 'claim_mismatch'
  return verifyClaim(signedClaim, node.publicKey) ? undefined : 'bad_claim_signature'
}
