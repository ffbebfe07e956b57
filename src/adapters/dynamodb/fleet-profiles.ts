/** A node's profiles: its inventory replaces the set, a benchmark run adds its evidence to one. */
import { isHeldAgainst } from '../../fleet/node.ts'
import type { FleetStore } from '../../fleet/ports.ts'
import { assert } from '../../protocol/assert.ts'
import { inSlices } from '../../protocol/in-slices.ts'
import { limits } from '../../protocol/limits.ts'
import type { Database } from './client.ts'
import { nodeKey, profileKey, profilesPrefix } from './items/fleet-keys.ts'
import { fromProfileItem, toBenchmarkField, toInventoryFields } from './items/profile-item.ts'
import { queryPrefix } from './query-items.ts'
import { transact } from './transact.ts'
import { setFields, updateIf } from './update-if.ts'

export type ProfileWrites = Pick<
  FleetStore,
  'readProfile' | 'writeProfiles' | 'writeBenchmark' | 'changeBenchmarkRuns' | 'changeLiveSpeed'
>

export function makeProfileWrites(database: Database): ProfileWrites {
  const { client, tables } = database
  const TableName = tables.profiles

  /**
   * Only while a field is as its writer read it. The new value undoes the condition, so a try after a
   * lost reply would be refused by the first one: a transaction knows it again and says yes.
   */
  const replaceIf = async (
    at: { readonly nodeId: string; readonly profileId: string },
    change: {
      readonly field: string
      readonly to: object
      readonly condition: string
      readonly values: Readonly<Record<string, unknown>>
    },
  ): Promise<boolean> => {
    const outcome = await transact(database, [
      {
        Update: {
          TableName,
          Key: profileKey(at.nodeId, at.profileId),
          UpdateExpression: `SET ${change.field} = :to`,
          ConditionExpression: `attribute_exists(pk) AND ${change.condition}`,
          ExpressionAttributeValues: { ':to': change.to, ...change.values },
        },
      },
    ])
    return outcome.kind === 'committed'
  }

  return {
    readProfile: async (nodeId, profileId) => {
      const Key = profileKey(nodeId, profileId)
      const { Item } = await client.get({ TableName, Key, ConsistentRead: true })
      return Item && fromProfileItem(Item)
    },
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
        return client.update({ TableName, Key, ...fields })
      })
      await inSlices(gone, (profile) => {
        const Key = profileKey(nodeId, profile.profileId)
        if (!isHeldAgainst(profile)) {
          return client.delete({ TableName, Key })
        }
        // What spot checks hold against it stays: removing a model and adding it again clears nothing.
        const fields = setFields({ installStatus: 'runtime_missing' })
        return client.update({ TableName, Key, ...fields })
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
    changeBenchmarkRuns: (at, { from, to }) =>
      replaceIf(at, {
        field: 'benchmarkRuns',
        to,
        ...(from
          ? {
              condition: 'benchmarkRuns.triedAtMs = :tried AND benchmarkRuns.leaseUntilMs = :until',
              values: { ':tried': from.triedAtMs, ':until': from.leaseUntilMs },
            }
          : { condition: 'attribute_not_exists(benchmarkRuns)', values: {} }),
      }),
    changeLiveSpeed: (at, { from, to }) =>
      replaceIf(at, {
        field: 'liveSpeed',
        to,
        ...(from?.histogram
          ? {
              condition: 'liveSpeed.histogram.folds = :folds AND liveSpeed.benchmarkId = :of',
              values: { ':folds': from.histogram.folds, ':of': from.benchmarkId },
            }
          : { condition: 'attribute_not_exists(liveSpeed.histogram)', values: {} }),
      }),
  }
}
