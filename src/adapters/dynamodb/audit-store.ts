/**
 * The audit's writes. A record is put on the condition that there is none, and ended on the condition
 * that it has not; nothing here overwrites or deletes one.
 */
import type { ChangeClaim } from '../../audit/claim.ts'
import type { AuditStore } from '../../audit/ports.ts'
import type { Ending } from '../../audit/record.ts'
import { assert } from '../../protocol/assert.ts'
import type { TransactItem } from './client/inputs.ts'
import type { Database } from './client.ts'
import {
  auditKey,
  auditPartition,
  changeClaimKey,
  fromAuditItem,
  fromChangeClaimItem,
  toBegunItem,
  toChangeClaimItem,
  toClaimEndText,
  toEndingText,
} from './items/audit-item.ts'
import { transact } from './transact.ts'

export function makeAuditStore(database: Database): AuditStore {
  const { client, tables } = database
  const TableName = tables.keys

  return {
    begin: async (record, claim) => {
      const { auditId } = record
      const outcome = await transact(database, [
        {
          Put: {
            TableName,
            Item: toBegunItem(record),
            ConditionExpression: 'attribute_not_exists(pk)',
          },
        },
        ...(claim ? [claimWrite(TableName, claim, auditId)] : []),
      ])
      if (outcome.kind === 'committed') return { kind: 'begun' }
      const found = outcome.found.get(1)
      assert(found !== undefined, 'the id of a new audit record is its own', { auditId })
      return { kind: 'taken', by: fromChangeClaimItem(found) }
    },
    end: async (auditId, ending, claim) => {
      const record = recordEnd(TableName, auditId, ending)
      if (!claim) {
        await transact(database, [record])
        return
      }
      const outcome = await transact(database, [record, claimEnd(TableName, auditId, claim)])
      // The claim has expired, or a later attempt has it: the record ends all the same.
      const isRecordLeft = outcome.kind === 'refused' && !outcome.failed.includes(0)
      if (isRecordLeft) await transact(database, [record])
    },
    readRecord: async (auditId) => {
      const Key = auditKey(auditId)
      const { Item } = await client.get({ TableName, Key, ConsistentRead: true })
      return Item && fromAuditItem(Item)
    },
    listDay: async (day, { limit, after }) => {
      const { Items = [], LastEvaluatedKey } = await client.query({
        TableName,
        KeyConditionExpression: after === undefined ? 'pk = :pk' : 'pk = :pk AND sk < :after',
        ExpressionAttributeValues: {
          ':pk': auditPartition(day),
          ...(after === undefined ? {} : { ':after': after }),
        },
        ScanIndexForward: false,
        ConsistentRead: true,
        Limit: limit,
      })
      const items = Items.map(fromAuditItem)
      return { items, next: LastEvaluatedKey ? items.at(-1)?.auditId : undefined }
    },
  }
}

const recordEnd = (TableName: string, auditId: string, ending: Ending): TransactItem => ({
  Update: {
    TableName,
    Key: auditKey(auditId),
    UpdateExpression: 'SET ending = :ending',
    ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(ending)',
    ExpressionAttributeValues: { ':ending': toEndingText(ending) },
  },
})

/** Free, expired, or still that of the attempt which it replaces. */
function claimWrite(TableName: string, claim: ChangeClaim, auditId: string): TransactItem {
  const { replaces, nowMs } = claim
  const isFree = 'attribute_not_exists(pk) OR expiresAtSec <= :now'
  return {
    Put: {
      TableName,
      Item: toChangeClaimItem(claim, auditId),
      ConditionExpression: replaces === undefined ? isFree : `${isFree} OR auditId = :replaced`,
      ExpressionAttributeValues: {
        ':now': Math.floor(nowMs / 1000),
        ...(replaces === undefined ? {} : { ':replaced': replaces }),
      },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    },
  }
}

function claimEnd(
  TableName: string,
  auditId: string,
  { claimHash, end }: NonNullable<Parameters<AuditStore['end']>[2]>,
): TransactItem {
  return {
    Update: {
      TableName,
      Key: changeClaimKey(claimHash),
      UpdateExpression: 'SET ending = :ending',
      ConditionExpression: 'auditId = :auditId AND attribute_not_exists(ending)',
      ExpressionAttributeValues: { ':auditId': auditId, ':ending': toClaimEndText(end) },
    },
  }
}
