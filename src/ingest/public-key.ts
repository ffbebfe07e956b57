/**
 * Which public keys may become a node. A key of small order verifies signatures that nobody made,
 * and a second spelling of a key would be a second identity for one holder.
 */
import { ed25519 } from '@noble/curves/ed25519.js'

/** Whether `publicKey` (base64url of 32 bytes) is the only spelling of a point of prime order. */
export function isSoundPublicKey(publicKey: string): boolean {
  const bytes = Buffer.from(publicKey, 'base64url')
  if (bytes.toString('base64url') !== publicKey) return false
  try {
    const point = ed25519.Point.fromBytes(bytes)
    return !point.isSmallOrder() && point.isTorsionFree()
  } catch {
    return false
  }
}
