/**
 * The gateway's signed word that one dispatch is no longer wanted. It carries the daily key and its
 * certificate as a ticket does, so a node judges it with what it knows already. It ends only what
 * its ticket began: whoever replays it ends nothing twice.
 */
import * as z from 'zod'
import { Signature, verifyTagged } from './ed25519.ts'
import { NodeId, Sha256Hex } from './ids.ts'
import { isTicketKeyCertified, isTicketKeyInUse, TicketKey, type TicketSigner } from './ticket.ts'

export const cancelPath = '/.well-known/b3iq/cancel'
/** A signed cancel at its longest is under 1.5 KB. */
export const cancelBytesMax = 4 * 1024
/** Both ways; a cancel that took longer than this to arrive ends nothing any more. */
export const cancelSkewMsMax = 120_000

export const Cancel = z.strictObject({
  v: z.literal(1),
  stage: z.string().max(32),
  node_id: NodeId,
  ticket_id: z.string().max(64),
  ticket_hash: Sha256Hex,
  at_ms: z.int().min(0),
})
export type Cancel = z.infer<typeof Cancel>

/** Body of `POST` to `cancelPath`. */
export const SignedCancel = z.strictObject({
  cancel: Cancel,
  signature: Signature,
  key: TicketKey,
  /** The root key's signature over `key`. */
  key_signature: Signature,
})
export type SignedCancel = z.infer<typeof SignedCancel>

export function signCancel(cancel: Cancel, by: TicketSigner): SignedCancel {
  return {
    cancel,
    signature: by.signer.sign('b3iq:cancel:v1', cancel),
    key: by.key,
    key_signature: by.keySignature,
  }
}

export type CancelRefusal = 'bad_cancel' | 'wrong_stage' | 'wrong_node' | 'cancel_expired'

export type CancelExpectation = {
  readonly stage: string
  readonly nodeId: string
  readonly rootPublicKeys: readonly string[]
  /** Server-corrected time of the node. */
  readonly nowMs: number
}

/** Undefined when the cancel is good, else why the node refuses it. */
export function cancelRefusal(
  { cancel, signature, key, key_signature }: SignedCancel,
  expected: CancelExpectation,
): CancelRefusal | undefined {
  const isGenuine =
    isTicketKeyCertified({ key, key_signature }, expected.rootPublicKeys) &&
    verifyTagged('b3iq:cancel:v1', cancel, { publicKey: key.public_key, signature })
  if (!isGenuine) return 'bad_cancel'
  if (cancel.stage !== expected.stage || key.stage !== expected.stage) return 'wrong_stage'
  if (cancel.node_id !== expected.nodeId) return 'wrong_node'
  const isCurrent =
    Math.abs(expected.nowMs - cancel.at_ms) <= cancelSkewMsMax &&
    isTicketKeyInUse(key, expected.nowMs, cancelSkewMsMax)
  return isCurrent ? undefined : 'cancel_expired'
}

/** What the node answers when the dispatch was running, or had been cancelled before. */
export const CancelReply = z.object({ ok: z.literal(true) })
