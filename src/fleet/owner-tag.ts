/** Whose host a candidate is, as short as a shard of the pool can bear: 48 bits of a hash. */
import { sha256Hex } from '../protocol/canonical.ts'

export const ownerTagOf = (ownerId: string): string => sha256Hex(ownerId).slice(0, 12)
