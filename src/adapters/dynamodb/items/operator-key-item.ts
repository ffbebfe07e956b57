/** An operator's key as it is stored: by its hash. */
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

/** Present once the first owner key was made. */
export const bootstrapKey = { pk: 'op', sk: 'bootstrap' }

export const operatorKeyKey = (keyHash: string) => ({ pk: `op#${keyHash}`, sk: 'key' })

export const toOperatorKeyItem = (key: OperatorKey) => ({ ...operatorKeyKey(key.keyHash), ...key })

export const fromOperatorKeyItem = (item: unknown): OperatorKey => OperatorKeyItem.parse(item)
