/**
 * HMAC-SHA-256. Given the bytes of a secret, the runtime makes a key of them at every call, which costs several
 * times the hash itself: here each secret is made a key once.
 */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'

const keys = new WeakMap<Uint8Array, KeyObject>()

/** The bytes of a secret do not change as long as it is used. */
export function keyedHash(secret: Uint8Array, text: string): Buffer {
  let key = keys.get(secret)
  if (!key) {
    key = createSecretKey(secret)
    keys.set(secret, key)
  }
  return createHmac('sha256', key).update(text).digest()
}
