/**
 * The operator's word on a node, on its facts and, for the router's eyes, on its hot item. These
 * changes undo their own conditions, so that a try after a lost reply would be refused by what the
 * first one did. A transaction carries a token by which DynamoDB knows it again, and says yes.
 */
import type { StatusChange } from '../../fleet/ports.ts'
import { assert } from '../../protocol/assert.ts'
import type { TransactItem } from './client/inputs.ts'
import type { Database } from './client.ts'
import { hotKey, nodeKey } from './items/fleet-keys.ts'
import { transact } from './transact.ts'

type Update = NonNullable<TransactItem['Update']>

export async function updateOnce(database: Database, update: Update): Promise<boolean> {
  const outcome = await transact(database, [{ Update: update }])
  return outcome.kind === 'committed'
}

export async function changeStatus(database: Database, change: StatusChange): Promise<boolean> {
  assert(change.from.length > 0, 'a change of status starts somewhere', { nodeId: change.nodeId })
  const onNode = nodeUpdate(database, change)
  const onHot = hotUpdate(database, change)
  if (!onHot) return updateOnce(database, onNode)
  const outcome = await transact(database, [{ Update: onNode }, { Update: onHot }])
  if (outcome.kind === 'committed') return true
  // Only a beat makes the hot item; a node that never beat is in no pool.
  return outcome.failed.includes(0) ? false : updateOnce(database, onNode)
}

function nodeUpdate({ tables }: Database, change: StatusChange): Update {
  const { nodeId, from, to } = change
  const isSuspended = to === 'suspended'
  return {
    TableName: tables.profiles,
    Key: nodeKey(nodeId),
    UpdateExpression: isSuspended
      ? 'SET #status = :to, suspension = :suspension'
      : 'SET #status = :to REMOVE suspension',
    ConditionExpression: `#status IN (${from.map((_, index) => `:from${index}`).join(', ')})`,
    ExpressionAttributeNames: { '#status': 'status' },
    ExpressionAttributeValues: {
      ':to': to,
      ...(isSuspended ? { ':suspension': change.suspension } : {}),
      ...Object.fromEntries(from.map((status, index) => [`:from${index}`, status])),
    },
  }
}

/** Undefined where the router has nothing to hear: a node turns active by serving already. */
function hotUpdate({ tables }: Database, { nodeId, to }: StatusChange): Update | undefined {
  if (to === 'active' || to === 'pending') return undefined
  const at = {
    TableName: tables.profiles,
    Key: hotKey(nodeId),
    ConditionExpression: 'attribute_exists(pk)',
  }
  // Approved after two boots had met, the one that beats on is no clone of the one that ended.
  if (to === 'approved') return { ...at, UpdateExpression: 'REMOVE revoked, was' }
  return {
    ...at,
    UpdateExpression: 'SET revoked = :revoked',
    ExpressionAttributeValues: { ':revoked': true },
  }
}
