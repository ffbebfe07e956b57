/** An operator's key as it is stored: by its hash, with a pointer to it by its id. */
import * as z from 'zod'
import type { OperatorKey } from '../../../keys/api-key.ts'
import { OperatorRole } from '../../../protocol/account.ts'

const OperatorKeyItem = z.object({
  keyId: z.string(),
  keyHash: z.string(),
  name: z.string(),
  role: OperatorRole,
  status: z.enum(['active', 'revoked']),
})

const Pointer = z.object({ keyHash: z.string() })

/** Pointers to all operator keys, beside the two items below. */
export const operatorsPartition = 'op'
/** Begins the sort key of every pointer, and of nothing else there. */
export const operatorIdPrefix = 'key_'
export const operatorIdKey = (keyId: string) => ({ pk: operatorsPartition, sk: keyId })

/** Present once the first owner key was made. */
export const bootstrapKey = { pk: operatorsPartition, sk: 'bootstrap' }
/** Counts the active keys, and the owners' among them. */
export const operatorCountKey = { pk: operatorsPartition, sk: '#count' }

export const operatorKeyKey = (keyHash: string) => ({ pk: `op#${keyHash}`, sk: 'key' })

export const toOperatorKeyItem = (key: OperatorKey) => ({ ...operatorKeyKey(key.keyHash), ...key })

export const fromOperatorKeyItem = (item: unknown): OperatorKey => OperatorKeyItem.parse(item)

export const hashOfPointer = (item: unknown): string => Pointer.parse(item).keyHash
