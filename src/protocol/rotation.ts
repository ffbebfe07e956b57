/**
 * How a node changes its key: the request is signed by the old key, the document in it by the new
 * one as well, so that nobody rotates a node to a key that they do not hold.
 */
import * as z from 'zod'
import { PublicKey, Signature, type Signed, type Signer, verifyTagged } from './ed25519.ts'
import { NodeStatus } from './enrolment.ts'
import { NodeId } from './ids.ts'

export const Rotation = z.strictObject({
  v: z.literal(1),
  stage: z.string().min(1).max(32),
  old_node_id: NodeId,
  new_node_id: NodeId,
  new_public_key: PublicKey,
  at_ms: z.int().min(0),
})
export type Rotation = z.infer<typeof Rotation>

/** `signature` is the new key's, over the rotation. */
export const RotateRequest = z.strictObject({ rotation: Rotation, signature: Signature })
export type RotateRequest = z.infer<typeof RotateRequest>

/** From now on the new key says who it is; the old one is heard until `old_until_ms`. */
export const RotateReply = z.object({
  node_id: NodeId,
  alias: z.string(),
  status: NodeStatus,
  route_epoch: z.int().min(1),
  old_until_ms: z.int(),
  server_time_ms: z.int(),
})
export type RotateReply = z.infer<typeof RotateReply>

export function signRotation(rotation: Rotation, newKey: Signer): RotateRequest {
  return { rotation, signature: newKey.sign('b3iq:rotation:v1', rotation) }
}

export function isSignedByNewKey({ rotation, signature }: RotateRequest): boolean {
  const by: Signed = { publicKey: rotation.new_public_key, signature }
  return verifyTagged('b3iq:rotation:v1', rotation, by)
}
