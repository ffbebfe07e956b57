/**
 * The fleet in the Profiles table: per node its facts, the hot item that every beat writes, and its
 * profiles. Enrolment and changes of status are here; the rest is put together from its parts.
 */
import type { NodeFacts } from '../../fleet/node.ts'
import type { FleetStore } from '../../fleet/ports.ts'
import { assert } from '../../protocol/assert.ts'
import type { Database } from './client.ts'
import { makeHotWrites } from './fleet-hot.ts'
import { makeProfileWrites } from './fleet-profiles.ts'
import { makeFleetReads } from './fleet-rows.ts'
import { makeFleetState } from './fleet-state.ts'
import { nodeKey } from './items/fleet-keys.ts'
import { joinCodeKey } from './items/join-code-item.ts'
import { toNodeItem } from './items/node-item.ts'
import { type TransactItem, transact } from './transact.ts'
import { setFields } from './update-if.ts'

export function makeFleetStore(database: Database): FleetStore {
  return {
    ...makeFleetReads(database),
    ...makeHotWrites(database),
    ...makeProfileWrites(database),
    ...makeFleetState(database),
    enrolNode: (node, joinCodeHash) => enrolNode(database, node, joinCodeHash),
    changeStatus: ({ nodeId, from, to }) => {
      assert(from.length > 0, 'a change of status starts somewhere', { nodeId })
      return updateOnce(database, {
        TableName: database.tables.profiles,
        Key: nodeKey(nodeId),
        UpdateExpression: 'SET #status = :to',
        ConditionExpression: `#status IN (${from.map((_, index) => `:from${index}`).join(', ')})`,
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: {
          ':to': to,
          ...Object.fromEntries(from.map((status, index) => [`:from${index}`, status])),
        },
      })
    },
    changeOffer: ({ nodeId, fromEpoch, mode, route }) => {
      const { ExpressionAttributeValues, ...update } = setFields({ mode, route })
      return updateOnce(database, {
        TableName: database.tables.profiles,
        Key: nodeKey(nodeId),
        ...update,
        ConditionExpression: '#route.epoch = :fromEpoch',
        ExpressionAttributeValues: { ...ExpressionAttributeValues, ':fromEpoch': fromEpoch },
      })
    },
  }
}

/**
 * These changes undo their own conditions, so that a try after a lost reply would be refused by what
 * the first one did. A transaction carries a token by which DynamoDB knows it again, and says yes.
 */
async function updateOnce(
  database: Database,
  update: NonNullable<TransactItem['Update']>,
): Promise<boolean> {
  const outcome = await transact(database, [{ Update: update }])
  return outcome.kind === 'committed'
}

/**
 * The code must be unused and live at the time of enrolment, and the node new: one that exists is
 * never replaced, so that neither its status nor its owner can be. Otherwise nothing is written.
 */
async function enrolNode(
  database: Database,
  node: NodeFacts,
  joinCodeHash: string,
): Promise<'enrolled' | 'code_used'> {
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
    {
      Put: {
        TableName: tables.profiles,
        Item: toNodeItem(node),
        ConditionExpression: 'attribute_not_exists(pk)',
      },
    },
  ])
  return outcome.kind === 'committed' ? 'enrolled' : 'code_used'
}
