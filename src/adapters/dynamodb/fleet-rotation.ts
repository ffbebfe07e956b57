/**
 * How a node comes into being as the successor of another whose key it replaces. What is known of
 * the old one goes along in the same transaction, which fails where that has changed since it was read: a
 * new key is no way out of a verdict, not even of one that is being written.
 */
import { isHeldAgainst, type NodeProfile } from '../../fleet/node.ts'
import type { FleetStore } from '../../fleet/ports.ts'
import { assert } from '../../protocol/assert.ts'
import type { StoredSampling } from '../../spot-checks/ports.ts'
import type { TransactItem } from './client/inputs.ts'
import type { Database } from './client.ts'
import { putNew } from './fleet-enrolment.ts'
import { missingProfile, samplingPut } from './fleet-findings.ts'
import { nodeKey, profilesPrefix } from './items/fleet-keys.ts'
import { fromProfileItem } from './items/profile-item.ts'
import { fromReputationItem, reputationKey, toReputationItem } from './items/reputation-item.ts'
import { fromSamplingItem, samplingKey, samplingPartition } from './items/spot-check-item.ts'
import { queryItems, queryPrefix } from './query-items.ts'
import { transact } from './transact.ts'

type Successor = Parameters<FleetStore['rotateNode']>[0]

/** What 100 operations leave beside the two nodes and two of the reputation. */
const operationsMax = 96
/** A run, an operator or earnings may be writing what is taken along. */
const triesMax = 5

/** Throws where what is taken along kept changing; false is an answer about the two nodes alone. */
export async function rotateNode(
  database: Database,
  to: Successor,
  oldUntilMs: number,
): Promise<boolean> {
  const nodes = nodeWrites(database, to, oldUntilMs)
  for (let tries = 0; tries < triesMax; tries += 1) {
    const known = await Promise.all([reputationWrites(database, to), recordWrites(database, to)])
    const outcome = await transact(database, [...nodes, ...known.flat()])
    if (outcome.kind === 'committed') return true
    if (outcome.failed.some((index) => index < nodes.length)) return false
  }
  throw new Error('Others kept changing what is known of the node that is replaced.')
}

const nodeWrites = (
  database: Database,
  to: Successor,
  oldUntilMs: number,
): readonly TransactItem[] => [
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
]

/** Its score is on the node already; this is what the next event is added to. */
async function reputationWrites(
  database: Database,
  to: Successor,
): Promise<readonly TransactItem[]> {
  const TableName = database.tables.profiles
  const Key = reputationKey(to.predecessorId)
  const { Item: stored } = await database.client.get({ TableName, Key, ConsistentRead: true })
  const { reputation, version } = fromReputationItem(to.predecessorId, stored)
  const asRead = unchanged(database, Key, version)
  if (version === 0) return [asRead]
  const Item = toReputationItem({ ...reputation, nodeId: to.nodeId }, version)
  return [asRead, { Put: { TableName, Item, ConditionExpression: 'attribute_not_exists(pk)' } }]
}

/**
 * Of profiles that spot checks hold something against, with their samplings: without those the next check
 * would begin a new record, and an operator could not lift a verdict. Of all others, that nothing was
 * found meanwhile: each finding is written together with a sampling.
 */
async function recordWrites(database: Database, to: Successor): Promise<readonly TransactItem[]> {
  const { predecessorId } = to
  // Samplings first: a record that is newer than its sampling is refused, an older one would not be.
  const samplings = await readSamplings(database, predecessorId)
  const profiles = queryPrefix(database, database.tables.profiles, profilesPrefix(predecessorId))
  const operations = (await Array.fromAsync(profiles, fromProfileItem)).flatMap((profile) =>
    writesOf(database, to, { profile, stored: samplings.get(profile.profileId) }),
  )
  assert(operations.length <= operationsMax, 'what is known of a node fits in a transaction', {
    nodeId: predecessorId,
  })
  return operations
}

function writesOf(
  database: Database,
  { nodeId, predecessorId }: Successor,
  {
    profile,
    stored,
  }: { readonly profile: NodeProfile; readonly stored: StoredSampling | undefined },
): readonly TransactItem[] {
  const { profileId } = profile
  const asRead = unchanged(database, samplingKey(predecessorId, profileId), stored?.version ?? 0)
  if (!isHeldAgainst(profile)) return [asRead]
  const record = missingProfile(database, nodeId, profile)
  if (!stored) return [asRead, record]
  const { sampling } = stored
  return [
    asRead,
    record,
    samplingPut(database, { nodeId, profileId }, { sampling, fromVersion: 0 }),
  ]
}

async function readSamplings(
  database: Database,
  nodeId: string,
): Promise<ReadonlyMap<string, StoredSampling>> {
  const items = queryItems(database, {
    TableName: database.tables.profiles,
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': samplingPartition(nodeId) },
    ConsistentRead: true,
  })
  return new Map(await Array.fromAsync(items, fromSamplingItem))
}

/** What was read is still what stands there; 0 is the version of what does not exist. */
const unchanged = (
  { tables }: Database,
  Key: { readonly pk: string; readonly sk: string },
  version: number,
): TransactItem => ({
  ConditionCheck: {
    TableName: tables.profiles,
    Key,
    ...(version === 0
      ? { ConditionExpression: 'attribute_not_exists(pk)' }
      : {
          ConditionExpression: 'version = :version',
          ExpressionAttributeValues: { ':version': version },
        }),
  },
})
