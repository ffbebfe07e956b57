/**
 * How a node comes into being, by a join code or as an EC2 instance. One that exists is never replaced, so that neither its
 * status nor its owner can be.
 */
import type { NodeFacts } from '../../fleet/node.ts'
import type { FleetStore } from '../../fleet/ports.ts'
import type { TransactItem } from './client/inputs.ts'
import type { Database } from './client.ts'
import {
  enrolmentsExpireSec,
  enrolmentsKey,
  enrolmentsPerHour,
  fromEnrolmentsItem,
} from './items/enrolments-item.ts'
import { fromInstanceItem, instanceKey } from './items/instance-item.ts'
import { joinCodeKey } from './items/join-code-item.ts'
import { toNodeItem } from './items/node-item.ts'
import { transact } from './transact.ts'

/** The code must be unused and live at the time of enrolment; otherwise nothing is written. */
export async function enrolNode(
  database: Database,
  node: NodeFacts,
  joinCodeHash: string,
): ReturnType<FleetStore['enrolNode']> {
  const { tables } = database
  const outcome = await transact(database, [
    {
      Update: {
        TableName: tables.keys,
        Key: joinCodeKey(joinCodeHash),
        UpdateExpression: 'SET usedBy = :node',
        ConditionExpression:
          'attribute_exists(pk) AND attribute_not_exists(usedBy) AND expiresAtMs > :now',
        ExpressionAttributeValues: { ':node': node.nodeId, ':now': node.enrolledAtMs },
      },
    },
    putNew(database, node),
    {
      Update: {
        TableName: tables.keys,
        Key: enrolmentsKey(node.ownerId, node.enrolledAtMs),
        UpdateExpression: 'ADD #count :one SET expiresAtSec = :expires',
        ConditionExpression: 'attribute_not_exists(pk) OR #count < :max',
        ExpressionAttributeNames: { '#count': 'count' },
        ExpressionAttributeValues: {
          ':one': 1,
          ':max': enrolmentsPerHour,
          ':expires': enrolmentsExpireSec(node.enrolledAtMs),
        },
      },
    },
  ])
  if (outcome.kind === 'committed') return 'enrolled'
  return outcome.failed.every((index) => index === 2) ? 'too_many' : 'code_used'
}

/** The instance must be bound to no other node; otherwise nothing is written. */
export async function enrolInstance(
  database: Database,
  node: NodeFacts,
  instanceId: string,
): Promise<boolean> {
  const outcome = await transact(database, [
    {
      Update: {
        TableName: database.tables.keys,
        Key: instanceKey(instanceId),
        UpdateExpression: 'SET usedBy = :node',
        ConditionExpression: 'attribute_not_exists(pk) OR usedBy = :node',
        ExpressionAttributeValues: { ':node': node.nodeId },
      },
    },
    putNew(database, node),
  ])
  return outcome.kind === 'committed'
}

export async function readInstanceNode(
  { client, tables }: Database,
  instanceId: string,
): Promise<string | undefined> {
  const { Item } = await client.get({
    TableName: tables.keys,
    Key: instanceKey(instanceId),
    ConsistentRead: true,
  })
  return Item === undefined ? undefined : fromInstanceItem(Item)
}

/** A no holds for the rest of the hour: counts only rise. */
export async function hasRoomToEnrol(
  { client, tables }: Database,
  ownerId: string,
  atMs: number,
): Promise<boolean> {
  const { Item } = await client.get({
    TableName: tables.keys,
    Key: enrolmentsKey(ownerId, atMs),
    ConsistentRead: true,
  })
  return Item === undefined || fromEnrolmentsItem(Item) < enrolmentsPerHour
}

export const putNew = ({ tables }: Database, node: NodeFacts): TransactItem => ({
  Put: {
    TableName: tables.profiles,
    Item: toNodeItem(node),
    ConditionExpression: 'attribute_not_exists(pk)',
  },
})
