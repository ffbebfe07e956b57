/** Reads of idempotency claims; they are written with the holds that they name. */
import type { ClaimStore } from '../../ledger/ports.ts'
import type { Database } from './client.ts'
import { claimKey, standingClaim } from './items/claim-item.ts'

export function makeClaimStore({ client, tables }: Database): ClaimStore {
  return {
    readClaim: async ({ claimHash, nowSec }) => {
      const { Item } = await client.get({
        TableName: tables.keys,
        Key: claimKey(claimHash),
        ConsistentRead: true,
      })
      return Item && standingClaim(Item, nowSec)
    },
  }
}
