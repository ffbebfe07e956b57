/** A node's profiles: its inventory replaces the set, a benchmark run adds its evidence to one. */
import { DeleteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import type { NodeProfile } from '../../fleet/node.ts'
import type { FleetStore } from '../../fleet/ports.ts'
import { assert } from '../../protocol/assert.ts'
import { limits } from '../../protocol/limits.ts'
import type { Database } from './client.ts'
import { inSlices } from './in-slices.ts'
import { nodeKey, partitionOf, profileKey, profilesPrefix } from './items/fleet-keys.ts'
import { fromProfileItem, toBenchmarkField, toInventoryFields } from './items/profile-item.ts'
import { queryItems } from './query-items.ts'
import { setFields, updateIf } from './update-if.ts'

export type Profiles = Pick<FleetStore, 'writeProfiles' | 'writeBenchmark'> & {
  readonly readProfiles: (nodeId: string) => Promise<readonly NodeProfile[]>
}

export function makeProfiles(database: Database): Profiles {
  const { client, tables } = database
  const TableName = tables.profiles

  const readProfiles = async (nodeId: string): Promise<readonly NodeProfile[]> => {
    const items = queryItems(database, {
      TableName,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
      ExpressionAttributeValues: { ':pk': partitionOf(nodeId), ':prefix': profilesPrefix(nodeId) },
      ConsistentRead: true,
    })
    return Array.fromAsync(items, fromProfileItem)
  }

  return {
    readProfiles,
    /** `benchmark` of the given profiles is not written: the stored one stays. */
    writeProfiles: async (nodeId, profiles, basis) => {
      assert(profiles.length <= limits.modelsPerNode, 'a node has at most 64 profiles', { nodeId })
      assert(
        profiles.every((profile) => profile.nodeId === nodeId),
        'a node writes its own profiles',
        { nodeId },
      )
      const keptIds = new Set(profiles.map(({ profileId }) => profileId))
      const stored = await readProfiles(nodeId)
      await inSlices(profiles, ({ profileId, ...profile }) => {
        const Key = profileKey(nodeId, profileId)
        const fields = setFields(toInventoryFields({ profileId, ...profile }))
        return client.send(new UpdateCommand({ TableName, Key, ...fields }))
      })
      const gone = stored.filter(({ profileId }) => !keptIds.has(profileId))
      await inSlices(gone, ({ profileId }) => {
        const Key = profileKey(nodeId, profileId)
        return client.send(new DeleteCommand({ TableName, Key }))
      })
      const isEnrolled = await updateIf(database, {
        TableName,
        Key: nodeKey(nodeId),
        UpdateExpression: 'SET profilesBasis = :basis',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeValues: { ':basis': basis },
      })
      assert(isEnrolled, 'profiles belong to an enrolled node', { nodeId })
    },
    writeBenchmark: ({ nodeId, profileId }, benchmark) =>
      updateIf(database, {
        TableName,
        Key: profileKey(nodeId, profileId),
        UpdateExpression: 'SET benchmark = :benchmark',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeValues: { ':benchmark': toBenchmarkField(benchmark) },
      }),
  }
}
