/** Creates the tables where nobody deployed them: on a laptop and in tests. */
import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb'
import { type TableDefinition, type TableNames, tables } from '../../tables.ts'

/** Table names of a stage without CloudFormation. */
export const localTableNames = (stage: string): TableNames => ({
  balances: `${stage}-balances`,
  keys: `${stage}-keys`,
  profiles: `${stage}-profiles`,
  receipts: `${stage}-receipts`,
  spend: `${stage}-spend`,
})

/** Leaves existing tables as they are, but for a stream that they have not got yet. */
export async function createTables(endpoint: string, names: TableNames): Promise<void> {
  const client = new DynamoDBClient({
    endpoint,
    region: 'local',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  })
  try {
    await Promise.all([
      createTable(client, names.balances, tables.balances),
      createTable(client, names.keys, tables.keys),
      createTable(client, names.profiles, tables.profiles),
      createTable(client, names.receipts, tables.receipts),
      createTable(client, names.spend, tables.spend),
    ])
  } finally {
    client.destroy()
  }
}

async function createTable(
  client: DynamoDBClient,
  name: string,
  definition: TableDefinition,
): Promise<void> {
  const keys = [definition, ...definition.keysOnlyIndexes].flatMap(({ partitionKey, sortKey }) =>
    sortKey ? [partitionKey, sortKey] : [partitionKey],
  )
  const indexes = definition.keysOnlyIndexes.map((index) => ({
    IndexName: index.name,
    KeySchema: keySchema(index),
    Projection: { ProjectionType: 'KEYS_ONLY' as const },
  }))
  try {
    await client.send(
      new CreateTableCommand({
        TableName: name,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: keySchema(definition),
        AttributeDefinitions: [...new Set(keys)].map((key) => ({
          AttributeName: key,
          AttributeType: 'S',
        })),
        ...(indexes.length === 0 ? {} : { GlobalSecondaryIndexes: indexes }),
        ...streamOf(definition),
      }),
    )
  } catch (error) {
    if (!(error instanceof Error && error.name === 'ResourceInUseException')) throw error
    return addStream(client, name, definition)
  }
  if (definition.timeToLive === undefined) return
  await client.send(
    new UpdateTimeToLiveCommand({
      TableName: name,
      TimeToLiveSpecification: { AttributeName: definition.timeToLive, Enabled: true },
    }),
  )
}

/** A folder from before the table had one. */
async function addStream(
  client: DynamoDBClient,
  name: string,
  definition: TableDefinition,
): Promise<void> {
  if (definition.stream === undefined) return
  const { Table } = await client.send(new DescribeTableCommand({ TableName: name }))
  if (Table?.StreamSpecification?.StreamEnabled) return
  await client.send(new UpdateTableCommand({ TableName: name, ...streamOf(definition) }))
}

const streamOf = ({ stream }: TableDefinition) =>
  stream === undefined
    ? {}
    : { StreamSpecification: { StreamEnabled: true, StreamViewType: stream } }

function keySchema({ partitionKey, sortKey }: { partitionKey: string; sortKey?: string }) {
  const partition = { AttributeName: partitionKey, KeyType: 'HASH' as const }
  return sortKey === undefined
    ? [partition]
    : [partition, { AttributeName: sortKey, KeyType: 'RANGE' as const }]
}
