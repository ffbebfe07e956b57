/** A node's profiles: its inventory replaces the set, a benchmark run adds its evidence to one. */
import { DeleteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import type { FleetStore } from '../../fleet/ports.ts'
import { assert } from '../../protocol/assert.ts'
import { limits } from '../../protocol/limits.ts'
import type { Database } from './client.ts'
import { inSlices } from './in-slices.ts'
import { nodeKey, profileKey, profilesPrefix } from './items/fleet-keys.ts'
import { fromProfileItem, toBenchmarkField, toInventoryFields } from './items/profile-item.ts'
import { queryPrefix } from './query-items.ts'
import { setFields, updateIf } from './update-if.ts'

export type ProfileWrites = Pick<FleetStore, 'writeProfiles' | 'writeBenchmark'>

export function makeProfileWrites(database: Database): ProfileWrites {
  const { client, tables } = database
  const TableName = tables.profiles

  return {
    /** `benchmark` of the given profiles is not written: the stored one stays. */
    writeProfiles: async (nodeId, profiles, { basis, hostFacts }) => {
      assert(profiles.length <= limits.modelsPerNode, 'a node has at most 64 profiles', { nodeId })
      assert(
        profiles.every((profile) => profile.nodeId === nodeId),
        'a node writes its own profiles',
        { nodeId },
      )
      const keptIds = new Set(profiles.map(({ profileId }) => profileId))
      const items = queryPrefix(database, TableName, profilesPrefix(nodeId))
      const stored = await Array.fromAsync(items, fromProfileItem)
      const gone = stored.filter(({ profileId }) => !keptIds.has(profileId))
      await inSlices(profiles, (profile) => {
        const Key = profileKey(nodeId, profile.profileId)
        const fields = setFields(toInventoryFields(profile))
        return client.send(new UpdateCommand({ TableName, Key, ...fields }))
      })
      await inSlices(gone, ({ profileId }) => {
        const Key = profileKey(nodeId, profileId)
        return client.send(new DeleteCommand({ TableName, Key }))
      })
      const isEnrolled = await updateIf(database, {
        TableName,
        Key: nodeKey(nodeId),
        UpdateExpression: 'SET profilesBasis = :basis, hostFacts = :facts',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeValues: { ':basis': basis, ':facts': hostFacts },
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
