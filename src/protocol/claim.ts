/**
 * What a node says it delivered for one ticket, signed. The gateway counts for itself; the claim
 * is evidence of what the host asked to be paid for, and its hash is the node's receipt.
 */
import * as z from 'zod'
import { domainHash } from './canonical.ts'
import { Signature, type Signer, verifyTagged } from './ed25519.ts'
import { ArtifactDigest, NodeId, Sha256Hex } from './ids.ts'
import { TokenCounts } from './usage.ts'

export const RuntimeKind = z.enum(['vllm', 'sglang', 'ollama', 'llamacpp', 'lmstudio', 'openai'])
export type RuntimeKind = z.infer<typeof RuntimeKind>

export const Claim = z.strictObject({
  v: z.literal(1),
  ticket_hash: Sha256Hex,
  node_id: NodeId,
  /** Null where the runtime reported no usage: then only the gateway's count exists. */
  usage: TokenCounts.nullable(),
  finish_reason: z.string().max(32).nullable(),
  /** SHA-256 over the UTF-8 of all text deltas in order (`textOf` in chat-chunk.ts). */
  output_sha256: Sha256Hex,
  first_content_ms: z.int().min(0).nullable(),
  total_ms: z.int().min(0),
  runtime: z.strictObject({ kind: RuntimeKind, version: z.string().max(64) }),
  artifact_digest: ArtifactDigest,
})
export type Claim = z.infer<typeof Claim>

export const SignedClaim = z.strictObject({ claim: Claim, signature: Signature })
export type SignedClaim = z.infer<typeof SignedClaim>

/** The agent's last event before the end mark; it carries no choices. */
export const ClaimEvent = z.object({
  b3iq: z.strictObject({ claim: SignedClaim, receipt_hash: Sha256Hex }),
})

export function signClaim(claim: Claim, node: Signer): SignedClaim {
  return { claim, signature: node.sign('b3iq:claim:v1', claim) }
}

export function verifyClaim(signed: SignedClaim, publicKey: string): boolean {
  return verifyTagged('b3iq:claim:v1', signed.claim, { publicKey, signature: signed.signature })
}

/** The node's own word, for this ticket and this build, over the text that came. */
export function isGenuineClaim(
  signed: SignedClaim,
  of: {
    readonly candidate: {
      readonly nodeId: string
      readonly publicKey: string
      readonly artifactDigest: string
    }
    readonly ticketHash: string
    readonly outputSha256: string
  },
): boolean {
  const { claim } = signed
  return (
    claim.ticket_hash === of.ticketHash &&
    claim.node_id === of.candidate.nodeId &&
    claim.artifact_digest === of.candidate.artifactDigest &&
    claim.output_sha256 === of.outputSha256 &&
    verifyClaim(signed, of.candidate.publicKey)
  )
}

/** The node's receipt hash: over the claim together with its signature. */
export const nodeReceiptHash = (signed: SignedClaim): string =>
  domainHash('b3iq:node-receipt:v1', signed)
