/**
 * Lambda's part on a laptop: reads the stream of the receipts, shard by shard and in order, and hands
 * batches to what is deployed as their consumer. It begins with all that the stream still has, after
 * every start anew: what was counted before is known.
 */
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type _Record as StreamRecord,
} from '@aws-sdk/client-dynamodb-streams'
import type { StreamEvent } from '../../src/adapters/dynamodb/stream-record.ts'

export type ReceiptStreamOptions = {
  readonly endpoint: string
  readonly table: string
  /** Answers which records have to come again. */
  readonly consume: (event: StreamEvent) => Promise<{ readonly failed: number }>
  /** Told of records that no try could deliver. */
  readonly onGivenUp: (given: { readonly shardId: string; readonly records: number }) => void
}

/** As deployed: `infra/stacks/streams.ts`. */
const batchSize = 100
const triesMax = 20

type Place = { readonly iterator: string; readonly tries: number }

/** One call of `poll` takes at most one batch of each shard, and tells how many records are behind it. */
export function openReceiptStream({ endpoint, table, consume, onGivenUp }: ReceiptStreamOptions) {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  const local = { endpoint, region: 'local', credentials }
  const client = new DynamoDBStreamsClient(local)
  const places = new Map<string, Place>()
  let streamArn: string | undefined

  const shardIds = async (StreamArn: string): Promise<string[]> => {
    const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamArn }))
    return (StreamDescription?.Shards ?? []).flatMap(({ ShardId }) => ShardId ?? [])
  }

  const placeIn = async (StreamArn: string, ShardId: string): Promise<Place | undefined> => {
    const known = places.get(ShardId)
    if (known) return known
    const from = { StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' } as const
    const { ShardIterator } = await client.send(new GetShardIteratorCommand(from))
    return ShardIterator === undefined ? undefined : { iterator: ShardIterator, tries: 0 }
  }

  const pollShard = async (StreamArn: string, shardId: string): Promise<number> => {
    const place = await placeIn(StreamArn, shardId)
    if (!place) return 0
    const { iterator, tries } = place
    const { Records = [], NextShardIterator: next } = await client
      .send(new GetRecordsCommand({ ShardIterator: iterator, Limit: batchSize }))
      .catch((error: unknown) => {
        // One that is too old is refused for good.
        places.delete(shardId)
        throw error
      })
    const { failed } = Records.length === 0 ? { failed: 0 } : await consume(toEvent(Records))
    const isGivenUp = failed > 0 && tries + 1 >= triesMax
    if (isGivenUp) onGivenUp({ shardId, records: failed })
    if (failed > 0 && !isGivenUp) {
      places.set(shardId, { iterator, tries: tries + 1 })
      return 0
    }
    if (next !== undefined) places.set(shardId, { iterator: next, tries: 0 })
    return Records.length
  }

  return {
    poll: async (): Promise<number> => {
      streamArn ??= await arnOf(local, table)
      let records = 0
      for (const shardId of await shardIds(streamArn)) {
        records += await pollShard(streamArn, shardId)
      }
      return records
    },
    close: () => client.destroy(),
  }
}

async function arnOf(
  local: ConstructorParameters<typeof DynamoDBClient>[0],
  TableName: string,
): Promise<string> {
  const client = new DynamoDBClient(local ?? {})
  try {
    const { Table } = await client.send(new DescribeTableCommand({ TableName }))
    const arn = Table?.LatestStreamArn
    if (arn === undefined) throw new Error(`The table ${TableName} has no stream.`)
    return arn
  } finally {
    client.destroy()
  }
}

/** As Lambda hands them on: times in seconds, bytes in base64. */
function toEvent(records: readonly StreamRecord[]): StreamEvent {
  return {
    Records: records.map(({ eventName = 'MODIFY', dynamodb = {} }) => ({
      eventName,
      dynamodb: {
        SequenceNumber: dynamodb.SequenceNumber ?? '',
        ApproximateCreationDateTime: (dynamodb.ApproximateCreationDateTime?.getTime() ?? 0) / 1000,
        NewImage: Object.fromEntries(
          Object.entries(dynamodb.NewImage ?? {}).map(([name, value]) => [name, inBase64(value)]),
        ),
      },
    })),
  }
}

const inBase64 = (value: AttributeValue) =>
  value.B === undefined ? value : { B: Buffer.from(value.B).toString('base64') }
