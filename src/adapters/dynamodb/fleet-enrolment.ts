/**
 * How a node comes into being: by a join code, or as the successor of another whose key it replaces.
 * One that exists is never replaced, so that neither its status nor its owner can be.
 */
import type { NodeFacts } from '../../fleet/node.ts'
import type { FleetStore } from '../../fleet/ports.ts'
import type { Database } from './client.ts'
import { enrolmentsExpireSec, enrolmentsKey, enrolmentsPerHour } from './items/enrolments-item.ts'
import { nodeKey } from './items/fleet-keys.ts'
import { joinCodeKey } from './items/join-code-item.ts'
import { toNodeItem } from './items/node-item.ts'
import { type TransactItem, transact } from './transact.ts'

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

export async function rotateNode(
  database: Database,
  to: Parameters<FleetStore['rotateNode']>[0],
  oldUntilMs: number,
): Promise<boolean> {
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
  ])
  return outcome.kind === 'committed'
}

const putNew = ({ tables }: Database, node: NodeFacts): TransactItem => ({
  Put: {
    TableName: tables.profiles,
    Item: toNodeItem(node),
    ConditionExpression: 'attribute_not_exists(pk)',
  },
})
