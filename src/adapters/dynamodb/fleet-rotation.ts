/**
 * How a node comes into being as the successor of another whose key it replaces. What is known of
 * the old one goes along in the same transaction: a new key is no way out of a verdict.
 */
import { GetCommand } from '@aws-sdk/lib-dynamodb'
import { isHeldAgainst, type NodeProfile } from '../../fleet/node.ts'
import type { FleetStore } from '../../fleet/ports.ts'
import { assert } from '../../protocol/assert.ts'
import type { Database } from './client.ts'
import { putNew } from './fleet-enrolment.ts'
import { missingProfile, readSampling, samplingPut } from './fleet-findings.ts'
import { nodeKey, profilesPrefix } from './items/fleet-keys.ts'
import { fromProfileItem } from './items/profile-item.ts'
import { fromReputationItem, reputationKey, toReputationItem } from './items/reputation-item.ts'
import { queryPrefix } from './query-items.ts'
import { type TransactItem, transact } from './transact.ts'

type Successor = Parameters<FleetStore['rotateNode']>[0]

/** With its sampling a record is two of the 100 items of a transaction, and three are the nodes' own. */
const recordsMax = 48

export async function rotateNode(
  database: Database,
  to: Successor,
  oldUntilMs: number,
): Promise<boolean> {
  const [reputation, records] = await Promise.all([
    reputationWrites(database, to),
    recordWrites(database, to),
  ])
  const outcome = await transact(database, [
    {
      Update: {
        TableName: database.tables.profiles,
        Key: nodeKey(to.predecessorId),
        UpdateExpression: 'SET successor = :successor',
        ConditionExpression: '#status IN (:approved, :active) AND attribute_not_exists(successor)',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: {
          ':successor': { nodeId: to.nodeId, untilMs: oldUntilMs },
          ':approved': 'approved',
          ':active': 'active',
        },
      },
    },
    putNew(database, to),
    ...reputation,
    ...records,
  ])
  return outcome.kind === 'committed'
}

/** Its score is on the node already; this is what the next event is added to. */
async function reputationWrites(database: Database, to: Successor): Promise<TransactItem[]> {
  const TableName = database.tables.profiles
  const { Item: stored } = await database.client.send(
    new GetCommand({ TableName, Key: reputationKey(to.predecessorId), ConsistentRead: true }),
  )
  const { reputation, version } = fromReputationItem(to.predecessorId, stored)
  if (version === 0) return []
  const Item = toReputationItem({ ...reputation, nodeId: to.nodeId }, version)
  return [{ Put: { TableName, Item, ConditionExpression: 'attribute_not_exists(pk)' } }]
}

/**
 * Of profiles that spot checks hold something against. Without its sampling the next check would begin a
 * new record, and an operator could not lift a verdict.
 */
async function recordWrites(database: Database, to: Successor): Promise<TransactItem[]> {
  const items = queryPrefix(database, database.tables.profiles, profilesPrefix(to.predecessorId))
  const held = (await Array.fromAsync(items, fromProfileItem)).filter(isHeldAgainst)
  assert(held.length <= recordsMax, 'what spot checks hold against a node fits in a transaction', {
    nodeId: to.predecessorId,
  })
  const writes = await Promise.all(held.map((profile) => writesOf(database, to, profile)))
  return writes.flat()
}

async function writesOf(
  database: Database,
  { nodeId }: Successor,
  profile: NodeProfile,
): Promise<TransactItem[]> {
  const { profileId } = profile
  const stored = await readSampling(database, profile)
  const record = missingProfile(database, nodeId, profile)
  if (!stored) return [record]
  const { sampling } = stored
  return [record, samplingPut(database, { nodeId, profileId }, { sampling, fromVersion: 0 })]
}
