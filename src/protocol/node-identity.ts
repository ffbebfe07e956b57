/** A node's id follows from its key alone, so nobody can claim another's id or move trust to it. */
import { createHash } from 'node:crypto'
import { assert } from './assert.ts'
import { PublicKey } from './ed25519.ts'

const idLength = 26
/** RFC 4648 base32 in lower case. */
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'

/** `n_` and the first 26 base32 digits (130 bits) of the tagged hash of the raw public key. */
export function nodeIdOf(publicKey: string): string {
  assert(PublicKey.safeParse(publicKey).success, 'a node id needs a raw Ed25519 key')
  const hash = createHash('sha256')
    .update('b3iq:node:v1\n')
    .update(Buffer.from(publicKey, 'base64url'))
    .digest()
  return `n_${base32(hash).slice(0, idLength)}`
}

/** `B3IQ-N7K4`, for people only: four digits are far too few to identify a node. */
export function nodeAliasOf(nodeId: string): string {
  return `B3IQ-${nodeId.slice(2, 6).toUpperCase()}`
}

/** Without padding; whole groups of five bits, which is all that the prefix needs. */
function base32(bytes: Uint8Array): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('')
  const groups = bits.match(/.{5}/g) ?? []
  return groups.map((group) => alphabet.charAt(Number.parseInt(group, 2))).join('')
}
