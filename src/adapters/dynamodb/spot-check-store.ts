/**
 * Spot checks in the Profiles table. A profile's sampling and the fact that its gate reads are written
 * together and only on top of what was read, so that neither a second run nor an operator is undone.
 */
import type { SpotCheckFact } from '../../fleet/node.ts'
import type { SpotCheckStore } from '../../spot-checks/ports.ts'
import { anyVersion } from '../../spot-checks/reference.ts'
import { isFailedCondition, itemOfFailedCondition } from './client/errors.ts'
import type { TransactItem } from './client/inputs.ts'
import type { Database } from './client.ts'
import { profileKey } from './items/fleet-keys.ts'
import {
  fromReferenceItem,
  fromSamplingItem,
  PlatformItem,
  platformKey,
  RunItem,
  referenceKey,
  referencesPartition,
  runKey,
  samplingKey,
  samplingPartition,
  toReferenceItem,
  toSamplingFields,
} from './items/spot-check-item.ts'
import { queryItems } from './query-items.ts'
import { transact } from './transact.ts'
import { updateIf } from './update-if.ts'

export function makeSpotCheckStore(database: Database): SpotCheckStore {
  const { client, tables } = database
  const TableName = tables.profiles

  const readItem = async (Key: { readonly pk: string; readonly sk: string }) => {
    const { Item } = await client.get({ TableName, Key, ConsistentRead: true })
    return Item
  }

  const partition = (pk: string) =>
    queryItems(database, {
      TableName,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': pk },
      ConsistentRead: true,
    })

  return {
    putReference: async (reference) => {
      await client.put({ TableName, Item: toReferenceItem(reference) })
    },
    readReference: async (of) => {
      const own = await readItem(referenceKey(of))
      const Item = own ?? (await readItem(referenceKey({ ...of, runtimeVersion: anyVersion })))
      return Item && fromReferenceItem(Item)
    },
    listReferences: () => Array.fromAsync(partition(referencesPartition), fromReferenceItem),
    readSamplings: async (nodeId) =>
      new Map(await Array.fromAsync(partition(samplingPartition(nodeId)), fromSamplingItem)),
    writeSampling: async (at, { sampling, fromVersion, fact }) => {
      const isNew = fromVersion === 0
      const items: TransactItem[] = [
        {
          Put: {
            TableName,
            Item: {
              ...samplingKey(at.nodeId, at.profileId),
              ...toSamplingFields(sampling),
              version: fromVersion + 1,
            },
            ConditionExpression: isNew ? 'attribute_not_exists(pk)' : 'version = :from',
            ...(isNew ? {} : { ExpressionAttributeValues: { ':from': fromVersion } }),
          },
        },
        ...(fact ? [factWrite(database, at, fact)] : []),
      ]
      return (await transact(database, items)).kind === 'committed'
    },
    readPlatformAccount: async () => {
      const Item = await readItem(platformKey)
      return Item && PlatformItem.parse(Item).accountId
    },
    writePlatformAccount: async (accountId) => {
      await client.put({ TableName, Item: { ...platformKey, accountId } })
    },
    takeRun: async ({ holder, nowMs, untilMs }) => {
      try {
        const { Attributes } = await client.update({
          TableName,
          Key: runKey,
          UpdateExpression: 'SET holder = :holder, untilMs = :until',
          ConditionExpression: 'attribute_not_exists(untilMs) OR untilMs < :now',
          ExpressionAttributeValues: { ':holder': holder, ':until': untilMs, ':now': nowMs },
          ReturnValues: 'ALL_NEW',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        })
        return { place: RunItem.parse(Attributes).place }
      } catch (error) {
        if (!isFailedCondition(error)) throw error
        const held = RunItem.parse(itemOfFailedCondition(error))
        // Ours: the reply to an earlier try was lost.
        return held.holder === holder ? { place: held.place } : undefined
      }
    },
    endRun: async ({ holder, place }) => {
      await updateIf(database, {
        TableName,
        Key: runKey,
        UpdateExpression: `SET untilMs = :over${place === undefined ? ' REMOVE place' : ', place = :place'}`,
        ConditionExpression: 'holder = :holder',
        ExpressionAttributeValues: {
          ':holder': holder,
          ':over': 0,
          ...(place === undefined ? {} : { ':place': place }),
        },
      })
    },
  }
}

function factWrite(
  { tables }: Database,
  at: { readonly nodeId: string; readonly profileId: string },
  fact: SpotCheckFact,
): TransactItem {
  return {
    Update: {
      TableName: tables.profiles,
      Key: profileKey(at.nodeId, at.profileId),
      UpdateExpression: 'SET spotChecks = :fact',
      ConditionExpression: 'attribute_exists(pk)',
      ExpressionAttributeValues: { ':fact': { ...fact, failures: [...fact.failures] } },
    },
  }
}
