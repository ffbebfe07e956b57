/**
 * Jobs in the Profiles table. Each write is a transaction on the revision that was read: a try that
 * arrives twice is known again by its token, and one that arrives late changes nothing.
 */
import * as z from 'zod'
import type { JobRecord } from '../../jobs/job-record.ts'
import { isOver } from '../../jobs/life-cycle.ts'
import type { JobPlace, JobStore, QueueOutcome } from '../../jobs/ports.ts'
import { assert } from '../../protocol/assert.ts'
import { limits } from '../../protocol/limits.ts'
import type { TransactItem } from './client/inputs.ts'
import type { Database } from './client.ts'
import { Int } from './item-fields.ts'
import { nodeKey } from './items/fleet-keys.ts'
import {
  fromJobItem,
  fromPlaceItem,
  jobKey,
  jobPrefix,
  jobReferenceKey,
  jobsPartition,
  openKey,
  openPartition,
  placeKey,
  seqKey,
  toJobItem,
  toPlaceItem,
} from './items/job-item.ts'
import { newestFirst } from './newest-first.ts'
import { queryItems } from './query-items.ts'
import { transact } from './transact.ts'

const Seq = z.object({ seq: Int })

export function makeJobStore(database: Database): JobStore {
  const { client, tables } = database
  const TableName = tables.profiles

  const read = async (Key: { readonly pk: string; readonly sk: string }) =>
    (await client.get({ TableName, Key, ConsistentRead: true })).Item

  const readJobAt = async (place: JobPlace) => {
    const item = await read(jobKey(place))
    return item && fromJobItem(item)
  }

  return {
    queueJob: (job) => queueJob(database, job),
    readJobAt,
    readJob: async (jobId) => {
      const item = await read(placeKey(jobId))
      return item && readJobAt(fromPlaceItem(item))
    },
    listJobs: async (nodeId, page) => {
      const at = { pk: jobsPartition(nodeId), prefix: jobPrefix }
      const { items, next } = await newestFirst(database, at, page)
      return { items: items.map(fromJobItem), next }
    },
    writeJob: async (job, fromRev) => {
      const outcome = await transact(database, [
        {
          Put: {
            TableName,
            Item: toJobItem(job),
            ConditionExpression: 'rev = :fromRev',
            ExpressionAttributeValues: { ':fromRev': fromRev },
          },
        },
        ...(isOver(job) ? closing(TableName, job) : []),
      ])
      return outcome.kind === 'committed'
    },
    nextSeq: async (nodeId) => {
      const { Attributes } = await client.update({
        TableName,
        Key: seqKey(nodeId),
        UpdateExpression: 'ADD seq :one',
        ExpressionAttributeValues: { ':one': 1 },
        ReturnValues: 'UPDATED_NEW',
      })
      return Seq.parse(Attributes).seq
    },
    openJobs: async function* () {
      const items = queryItems(database, {
        TableName,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': openPartition },
      })
      for await (const item of items) yield fromPlaceItem(item)
    },
  }
}

async function queueJob(database: Database, job: JobRecord): Promise<QueueOutcome> {
  const TableName = database.tables.profiles
  const isNew = { ConditionExpression: 'attribute_not_exists(pk)' }
  const place = toPlaceItem(job)
  const [reference, node] = [0, 1]
  const outcome = await transact(database, [
    {
      Put: {
        TableName,
        Item: { ...jobReferenceKey(job.reference), ...place },
        ...isNew,
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      },
    },
    {
      Update: {
        TableName,
        Key: nodeKey(job.nodeId),
        UpdateExpression: 'ADD openJobs :job',
        ConditionExpression:
          'attribute_exists(pk) AND (attribute_not_exists(openJobs) OR size(openJobs) < :max)',
        ExpressionAttributeValues: {
          ':job': new Set([job.jobId]),
          ':max': limits.jobsOpenPerNode,
        },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      },
    },
    { Put: { TableName, Item: toJobItem(job), ...isNew } },
    { Put: { TableName, Item: { ...placeKey(job.jobId), ...place }, ...isNew } },
    { Put: { TableName, Item: { ...openKey(job.jobId), ...place }, ...isNew } },
  ])
  if (outcome.kind === 'committed') return { kind: 'queued' }
  const taken = outcome.found.get(reference)
  if (taken) return { kind: 'reference_taken', jobId: fromPlaceItem(taken).jobId }
  assert(outcome.failed.includes(node), 'the id of a new job is its own', { jobId: job.jobId })
  return { kind: outcome.found.has(node) ? 'too_many' : 'no_node' }
}

const closing = (TableName: string, { nodeId, jobId }: JobPlace): TransactItem[] => [
  {
    Update: {
      TableName,
      Key: nodeKey(nodeId),
      UpdateExpression: 'DELETE openJobs :job',
      ConditionExpression: 'attribute_exists(pk)',
      ExpressionAttributeValues: { ':job': new Set([jobId]) },
    },
  },
  { Delete: { TableName, Key: openKey(jobId) } },
]
