/** Ids, nonces and dice of a process, drawn from its task's own chances. */
import { encodeTime, ulid } from 'ulid'
import type { FirstIdAt, Ids } from '../../../src/protocol/clock.ts'
import type { ReceiptSigner } from '../../../src/receipts/make-receipt.ts'
import type { Stream } from '../engine/random.ts'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

export function idsOf({ unit, below }: Stream): Ids {
  return {
    ulid: (atMs) => ulid(atMs, unit),
    token: (bytes) => {
      const characters = Math.ceil((bytes * 4) / 3)
      let text = ''
      for (let at = 0; at < characters; at += 1) text += alphabet.charAt(below(64))
      return text
    },
  }
}

const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** Milliseconds since the epoch of a ULID's making. */
export function timeOfId(id: string): number {
  let atMs = 0
  for (let at = 0; at < 10; at += 1) atMs = atMs * 32 + digits.indexOf(id.charAt(at))
  return atMs
}

export const firstIdAt: FirstIdAt = (atMs) => `${encodeTime(atMs)}${'0'.repeat(16)}`

/** Signs nothing: signatures have tests of their own, and cost more than the rest of a history. */
export const fakeReceiptSigner: ReceiptSigner = {
  stage: 'sim',
  keyId: 'rk_sim',
  signer: {
    publicKey: 'A'.repeat(43),
    sign: () => `${'A'.repeat(85)}A`,
    signBytes: () => Buffer.alloc(64),
  },
}
