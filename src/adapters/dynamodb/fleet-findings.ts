/**
 * What spot checks hold against a profile, written for another node than the one that was checked: the
 * successor of its key. Record and sampling go together, as `writeSampling` writes them, and on top of
 * what was read, so that neither a run nor an operator is undone.
 */
import type { NodeProfile, SpotCheckFact } from '../../fleet/node.ts'
import type { FleetStore } from '../../fleet/ports.ts'
import { isFoundAt, withFinding } from '../../fleet/successors.ts'
import { assert } from '../../protocol/assert.ts'
import { samplingAlert } from '../../spot-checks/policy.ts'
import type { StoredSampling } from '../../spot-checks/ports.ts'
import type { TransactItem } from './client/inputs.ts'
import type { Database } from './client.ts'
import { profileKey, profilesPrefix } from './items/fleet-keys.ts'
import { fromProfileItem, toInventoryFields } from './items/profile-item.ts'
import { fromSamplingItem, samplingKey, toSamplingFields } from './items/spot-check-item.ts'
import { queryPrefix } from './query-items.ts'
import { transact } from './transact.ts'

/** A run, an inventory or an operator may be writing the same record. */
const triesMax = 5

export async function addFinding(
  database: Database,
  { from, to, atMs }: Parameters<FleetStore['addFinding']>[0],
): Promise<void> {
  const items = queryPrefix(database, database.tables.profiles, profilesPrefix(from))
  for (const profile of await Array.fromAsync(items, fromProfileItem)) {
    const { spotChecks: found } = profile
    if (found && isFoundAt(found, atMs)) await addToProfile(database, to, { profile, found, atMs })
  }
}

async function addToProfile(
  database: Database,
  nodeId: string,
  { profile, found, atMs }: { profile: NodeProfile; found: SpotCheckFact; atMs: number },
): Promise<void> {
  const { profileId, artifactDigest } = profile
  const theirs = await readSampling(database, profile)
  assert(theirs !== undefined, 'a finding lies beside its sampling', { nodeId, profileId })
  for (let tries = 0; tries < triesMax; tries += 1) {
    const own = await readSampling(database, { nodeId, profileId })
    const { sampling: before } = own ?? theirs
    // Another build has another record.
    if (before.artifactDigest !== artifactDigest) return
    const record = await readProfile(database, { nodeId, profileId })
    // Carried over by a rotation that came between the finding and this call, or by an earlier try.
    if (record?.spotChecks && isFoundAt(record.spotChecks, atMs)) return
    const spotChecks = withFinding(own ? record?.spotChecks : undefined, found, atMs)
    const sampling = samplingAlert(before)
    const outcome = await transact(database, [
      record
        ? factUpdate(database, { nodeId, profileId }, spotChecks)
        : missingProfile(database, nodeId, { ...profile, spotChecks }),
      samplingPut(database, { nodeId, profileId }, { sampling, fromVersion: own?.version ?? 0 }),
    ])
    if (outcome.kind === 'committed') return
  }
  throw new Error('Others kept changing what spot checks hold against this profile.')
}

type ProfileName = Pick<NodeProfile, 'nodeId' | 'profileId'>

/** As one that its node has not installed: an inventory says whether it has, and clears nothing. */
export const missingProfile = (
  { tables }: Database,
  nodeId: string,
  profile: NodeProfile,
): TransactItem => ({
  Put: {
    TableName: tables.profiles,
    Item: {
      ...profileKey(nodeId, profile.profileId),
      ...toInventoryFields({ ...profile, nodeId, installStatus: 'runtime_missing' }),
      spotChecks: profile.spotChecks,
    },
    ConditionExpression: 'attribute_not_exists(pk)',
  },
})

const factUpdate = (
  { tables }: Database,
  { nodeId, profileId }: ProfileName,
  fact: SpotCheckFact,
): TransactItem => ({
  Update: {
    TableName: tables.profiles,
    Key: profileKey(nodeId, profileId),
    UpdateExpression: 'SET spotChecks = :fact',
    ConditionExpression: 'attribute_exists(pk)',
    ExpressionAttributeValues: { ':fact': { ...fact, failures: [...fact.failures] } },
  },
})

export const samplingPut = (
  { tables }: Database,
  { nodeId, profileId }: ProfileName,
  { sampling, fromVersion }: Pick<StoredSampling, 'sampling'> & { readonly fromVersion: number },
): TransactItem => ({
  Put: {
    TableName: tables.profiles,
    Item: {
      ...samplingKey(nodeId, profileId),
      ...toSamplingFields(sampling),
      version: fromVersion + 1,
    },
    ...(fromVersion === 0
      ? { ConditionExpression: 'attribute_not_exists(pk)' }
      : {
          ConditionExpression: 'version = :from',
          ExpressionAttributeValues: { ':from': fromVersion },
        }),
  },
})

async function readSampling(
  database: Database,
  { nodeId, profileId }: ProfileName,
): Promise<StoredSampling | undefined> {
  const Item = await readItem(database, samplingKey(nodeId, profileId))
  return Item && fromSamplingItem(Item)[1]
}

async function readProfile(database: Database, { nodeId, profileId }: ProfileName) {
  const Item = await readItem(database, profileKey(nodeId, profileId))
  return Item && fromProfileItem(Item)
}

async function readItem(
  { client, tables }: Database,
  Key: { readonly pk: string; readonly sk: string },
) {
  const { Item } = await client.get({ TableName: tables.profiles, Key, ConsistentRead: true })
  return Item
}
