/** Whether a customer and a node have one owner, for whoever accrues, refunds or pays a late claim. */
import { makeAccountStore } from '../../src/adapters/dynamodb/account-store.ts'
import { makeFleetStore } from '../../src/adapters/dynamodb/fleet-store.ts'
import type { Base } from './parts.ts'

export function isOwnTrafficOf({ database }: Pick<Base, 'database'>) {
  const accounts = makeAccountStore(database)
  const fleet = makeFleetStore(database)
  return async (accountId: string, nodeId: string): Promise<boolean> => {
    const [account, node] = await Promise.all([
      accounts.readAccount(accountId),
      fleet.readNode(nodeId),
    ])
    return account?.ownerId !== undefined && account.ownerId === node?.ownerId
  }
}
