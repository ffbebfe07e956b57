/**
 * Which parts of a model file `model.hash_range` asks for: drawn from a nonce that the node could
 * not know, so that only who has the file can answer. Both sides draw the same parts.
 */
import { createHash } from 'node:crypto'

export const rangeCount = 16
export const rangeBytesMax = 64 * 1024

export type ByteRange = { readonly offset: number; readonly length: number }

export function hashRanges(nonce: string, sizeBytes: number): readonly ByteRange[] {
  const length = Math.min(rangeBytesMax, sizeBytes)
  return Array.from({ length: rangeCount }, (_, index) => {
    const drawn = createHash('sha256').update(`${nonce}\n${index}`).digest().readBigUInt64BE()
    return { offset: Number(drawn % BigInt(sizeBytes - length + 1)), length }
  })
}

/** Over the nonce too: the answer to one job is worth nothing for another. */
export const rangeHash = (nonce: string, index: number, bytes: Uint8Array): string =>
  createHash('sha256').update(`${nonce}\n${index}\n`).update(bytes).digest('hex')
