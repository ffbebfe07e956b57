// Every operation and every refusal, asked by our client and by the AWS SDK's of tables with the same
// items: both must be told the same, and leave the same behind.
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import * as sdk from '@aws-sdk/lib-dynamodb'
import { unmarshall } from '@aws-sdk/util-dynamodb'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import * as z from 'zod'
import {
  cancellationReasons,
  itemOfFailedCondition,
} from '../../../../src/adapters/dynamodb/client/errors.ts'
import type * as our from '../../../../src/adapters/dynamodb/client/inputs.ts'
import type { DynamodbClient } from '../../../../src/adapters/dynamodb/client/operations.ts'
import { createTables, localTableNames } from '../../../../src/adapters/dynamodb/create-tables.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../../support/embedded-dynamodb.ts'
import { sdkClient } from '../../../support/sdk-client.ts'

type Documents = sdk.DynamoDBDocumentClient
/** One call, with one input, by either client. */
type Ask = {
  readonly ours: (client: DynamodbClient) => Promise<object>
  readonly theirs: (documents: Documents) => Promise<object>
}

const get = (input: sdk.GetCommandInput & our.GetInput): Ask => ({
  ours: (client) => client.get(input),
  theirs: (documents) => documents.send(new sdk.GetCommand(input)),
})
const put = (input: sdk.PutCommandInput & our.PutInput): Ask => ({
  ours: (client) => client.put(input),
  theirs: (documents) => documents.send(new sdk.PutCommand(input)),
})
const update = (input: sdk.UpdateCommandInput & our.UpdateInput): Ask => ({
  ours: (client) => client.update(input),
  theirs: (documents) => documents.send(new sdk.UpdateCommand(input)),
})
const remove = (input: sdk.DeleteCommandInput & our.DeleteInput): Ask => ({
  ours: (client) => client.delete(input),
  theirs: (documents) => documents.send(new sdk.DeleteCommand(input)),
})
const query = (input: sdk.QueryCommandInput & our.QueryInput): Ask => ({
  ours: (client) => client.query(input),
  theirs: (documents) => documents.send(new sdk.QueryCommand(input)),
})
const scan = (input: sdk.ScanCommandInput & our.ScanInput): Ask => ({
  ours: (client) => client.scan(input),
  theirs: (documents) => documents.send(new sdk.ScanCommand(input)),
})
const batchGet = (input: sdk.BatchGetCommandInput & our.BatchGetInput): Ask => ({
  ours: (client) => client.batchGet(input),
  theirs: (documents) => documents.send(new sdk.BatchGetCommand(input)),
})
const transactWrite = (input: sdk.TransactWriteCommandInput & our.TransactWriteInput): Ask => ({
  ours: (client) => client.transactWrite(input),
  theirs: (documents) => documents.send(new sdk.TransactWriteCommand(input)),
})

const key = (sk: string) => ({ pk: 'p', sk })
/** Stands in each table before a case. */
const stored = [
  { ...key('a'), amount: 12_345_678_901_234_567_890n, tags: new Set(['x', 'y']), note: null },
  { ...key('b'), amount: -1.5, bytes: new Uint8Array([0, 255]), list: ['1', 2, { deep: true }] },
  { ...key('c'), amount: 0, empty: '', map: {}, numbers: new Set([1n, 2n ** 64n]) },
]
const absent = { ConditionExpression: 'attribute_not_exists(pk)' }
const all = { KeyConditionExpression: 'pk = :p', ExpressionAttributeValues: { ':p': 'p' } }
const asking = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const

const cases: readonly (readonly [name: string, ask: (TableName: string) => Ask])[] = [
  ['an item with values of every type', (TableName) => get({ TableName, Key: key('a') })],
  ['an item with numbers of every size', (TableName) => get({ TableName, Key: key('c') })],
  ['no item', (TableName) => get({ TableName, Key: key('none') })],
  [
    'a part of an item, as it is now',
    (TableName) =>
      get({
        TableName,
        Key: key('b'),
        ConsistentRead: true,
        ProjectionExpression: '#list, amount',
        ExpressionAttributeNames: { '#list': 'list' },
      }),
  ],
  [
    'a put',
    (TableName) => put({ TableName, Item: { ...key('new'), a: [undefined, 1], b: undefined } }),
  ],
  ['a put on an item', (TableName) => put({ TableName, Item: key('a'), ...absent })],
  [
    'a put on an item that is asked for',
    (TableName) => put({ TableName, Item: key('a'), ...absent, ...asking }),
  ],
  [
    'an update that tells what it changed',
    (TableName) =>
      update({
        TableName,
        Key: key('a'),
        UpdateExpression: 'SET #n = :n ADD amount :one REMOVE tags',
        ExpressionAttributeNames: { '#n': 'note' },
        ExpressionAttributeValues: { ':n': { said: 'ä☂' }, ':one': 1n },
        ReturnValues: 'UPDATED_NEW',
      }),
  ],
  [
    'an update whose condition fails',
    (TableName) =>
      update({
        TableName,
        Key: key('a'),
        UpdateExpression: 'REMOVE note',
        ConditionExpression: 'amount < :most',
        ExpressionAttributeValues: { ':most': 5 },
        ...asking,
      }),
  ],
  [
    'an update that is no expression',
    (TableName) => update({ TableName, Key: key('a'), UpdateExpression: 'SET nonsense' }),
  ],
  ['a delete', (TableName) => remove({ TableName, Key: key('a') })],
  [
    'a delete whose condition fails',
    (TableName) => remove({ TableName, Key: key('a'), ...absent, ...asking }),
  ],
  ['a partition', (TableName) => query({ TableName, ...all, ConsistentRead: true })],
  ['a page', (TableName) => query({ TableName, ...all, Limit: 1, ScanIndexForward: false })],
  [
    'the next page',
    (TableName) => query({ TableName, ...all, Limit: 1, ExclusiveStartKey: key('a') }),
  ],
  ['a count', (TableName) => query({ TableName, ...all, Select: 'COUNT' })],
  ['a scan', (TableName) => scan({ TableName, Limit: 2 })],
  [
    'a batch',
    (TableName) =>
      batchGet({
        RequestItems: {
          [TableName]: { Keys: ['c', 'none'].map(key), ConsistentRead: true },
        },
      }),
  ],
  [
    'a transaction',
    (TableName) =>
      transactWrite({
        TransactItems: [
          { Put: { TableName, Item: { ...key('t'), set: new Set([1n]) } } },
          {
            Update: {
              TableName,
              Key: key('b'),
              UpdateExpression: 'SET amount = :a',
              ExpressionAttributeValues: { ':a': 7 },
            },
          },
          { Delete: { TableName, Key: key('a') } },
          {
            ConditionCheck: {
              TableName,
              Key: key('c'),
              ConditionExpression: 'attribute_exists(pk)',
            },
          },
        ],
      }),
  ],
  [
    'a transaction two of whose conditions fail',
    (TableName) =>
      transactWrite({
        TransactItems: [
          { Put: { TableName, Item: key('t') } },
          { Put: { TableName, Item: key('a'), ...absent, ...asking } },
          { Put: { TableName, Item: key('b'), ...absent } },
        ],
      }),
  ],
  [
    'a transaction that meets itself',
    (TableName) =>
      transactWrite({
        TransactItems: [
          { Put: { TableName, Item: key('t') } },
          { Delete: { TableName, Key: key('t') } },
        ],
      }),
  ],
  ['a table that is not there', () => get({ TableName: 'no-such-table', Key: key('a') })],
]

let engine: EmbeddedDynamodb
let documents: Documents
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
  for (const owner of ['ours', 'theirs']) {
    await createTables(engine.endpoint, localTableNames(owner))
  }
  documents = sdk.DynamoDBDocumentClient.from(sdkClient(engine), {
    marshallOptions: { removeUndefinedValues: true },
    unmarshallOptions: { wrapNumbers: (digits) => digits },
  })
})
beforeEach(async () => {
  await refill(tables.ours)
  await refill(tables.theirs)
})
afterAll(() => engine.stop())

/** A table of each client's own. */
const tables = { ours: localTableNames('ours').keys, theirs: localTableNames('theirs').keys }

const itemsOf = async (TableName: string) =>
  (await documents.send(new sdk.ScanCommand({ TableName }))).Items ?? []

async function refill(TableName: string): Promise<void> {
  for (const { pk, sk } of await itemsOf(TableName)) {
    await documents.send(new sdk.DeleteCommand({ TableName, Key: { pk, sk } }))
  }
  for (const Item of stored) await documents.send(new sdk.PutCommand({ TableName, Item }))
}

const Attributes = z.record(z.string(), z.custom<AttributeValue>())
const Refusal = z.object({
  name: z.string(),
  message: z.string(),
  Item: Attributes.optional(),
  CancellationReasons: z
    .array(z.object({ Code: z.string(), Item: Attributes.optional() }))
    .default([]),
})

const read = (item: z.infer<typeof Attributes> | undefined) =>
  item && unmarshall(item, { wrapNumbers: (digits) => digits })

const refusedBySdk = (error: unknown) => {
  const { name, message, Item, CancellationReasons } = Refusal.parse(error)
  const reasons = CancellationReasons.map(({ Code, Item: one }) => ({
    code: Code,
    item: read(one),
  }))
  return { name, message, item: read(Item), reasons }
}

const refusedByUs = (error: unknown) => {
  const { name, message } = z.object({ name: z.string(), message: z.string() }).parse(error)
  return { name, message, item: itemOfFailedCondition(error), reasons: cancellationReasons(error) }
}

/** Without what the SDK adds of its own, and without the names of tables. */
const comparable = ({ $metadata, ScannedCount, ...reply }: Record<string, unknown>) => ({
  ...reply,
  Responses: reply.Responses && Object.values(reply.Responses),
})

test.each(cases)('%s', async (_, askOf) => {
  const told = (reply: Promise<object>, refused: (error: unknown) => object) =>
    reply.then((one) => comparable({ ...one }), refused)
  const ours = await told(askOf(tables.ours).ours(engine.client), refusedByUs)
  const theirs = await told(askOf(tables.theirs).theirs(documents), refusedBySdk)
  expect(ours).toEqual(theirs)
  expect(await itemsOf(tables.ours)).toEqual(await itemsOf(tables.theirs))
})
