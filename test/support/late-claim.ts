/** A dispatch that was lost with its gateway, as the host that served it can claim it. */
import { ids } from '../../src/adapters/system.ts'
import { makeTicketSigner } from '../../src/dispatch/ticket-signer.ts'
import { type Claim, signClaim } from '../../src/protocol/claim.ts'
import type { Signer } from '../../src/protocol/ed25519.ts'
import { signTicket, type Ticket, ticketHash } from '../../src/protocol/ticket.ts'
import { type ControlPlane, digestOf, stage as testStage } from './control-plane.ts'

/** USD 0.01 for the prompt and 0.03 for the completion, of which four fifths are the host's. */
const usage = { prompt: 100_000, cached_prompt: 0, completion: 100_000 }

export type LostDispatch = {
  readonly host: { readonly nodeId: string; readonly signer: Signer }
  readonly holdId: string
  readonly ticket?: Partial<Ticket>
  readonly claim?: Partial<Claim>
}

/** What a claim is made of besides: the stage's clock and the root of its ticket keys. */
export type Issuer = Pick<ControlPlane, 'nowMs' | 'ticketRoot'> & { readonly stage?: string }

export function lateClaim(issuer: Issuer, lost: LostDispatch) {
  const { host, holdId } = lost
  const { stage = testStage, ticketRoot: root } = issuer
  const nowMs = issuer.nowMs()
  const newSigner = makeTicketSigner({ stage, root, ids, nowMs: issuer.nowMs })
  const ticket: Ticket = {
    v: 1,
    stage,
    ticket_id: ids.token(12),
    hold_id: holdId,
    attempt: 1,
    node_id: host.nodeId,
    route_epoch: 1,
    profile_id: 'maker/small@0',
    artifact_digest: digestOf('a'),
    max_tokens: 200_000,
    n: 1,
    price_version: 1,
    body_sha256: 'b'.repeat(64),
    issued_at_ms: nowMs,
    expires_at_ms: nowMs + 60_000,
    ...lost.ticket,
  }
  const claim: Claim = {
    v: 1,
    ticket_hash: ticketHash(ticket),
    node_id: host.nodeId,
    usage,
    finish_reason: 'stop',
    output_sha256: 'c'.repeat(64),
    first_content_ms: 200,
    total_ms: 900,
    runtime: { kind: 'llamacpp', version: 'b4000' },
    artifact_digest: ticket.artifact_digest,
    ...lost.claim,
  }
  return {
    ticket: signTicket(ticket, newSigner()),
    claim: signClaim(claim, host.signer),
  }
}

export const batchOf = (nodeId: string, claims: readonly unknown[]) => ({
  v: 1,
  node_id: nodeId,
  claims,
})
