/**
 * The clients of DynamoDB: signed calls over kept connections, each with an end to its waiting. The
 * ledger's writes go through one that sends them a single time, everything else is tried again.
 */
import type { TableNames } from '../../tables.ts'
import { type Connection, makeConnection } from '../aws/connection.ts'
import { chainCredentials } from '../aws/credentials.ts'
import { endpointOf, urlOf } from '../aws/endpoint.ts'
import { type Pauses, retried } from '../aws/pauses.ts'
import { makeServiceCall } from '../aws/service-call.ts'
import { type Call, callOver, clientOver, type DynamodbClient } from './client/operations.ts'

export type Database = {
  readonly client: DynamodbClient
  /**
   * Over the same connections, but sends every call a single time: for writes that the ledger
   * repeats itself, since each of its tries is another write.
   */
  readonly once: DynamodbClient
  readonly tables: TableNames
  /** The database's clock as its last reply told it; undefined before any reply. */
  readonly serverTimeMs: () => number | undefined
  /** Ends its connections. */
  readonly close: () => void
}

export type DatabaseOptions = {
  readonly tables: TableNames
  /** Only for the embedded engine; on AWS region and credentials come from the environment. */
  readonly endpoint?: string | undefined
  /** What carries requests, where it is not a connection of its own. */
  readonly connection?: Connection
  readonly pauses?: Pauses
}

const attemptsMax = 4
const local = { accessKeyId: 'local', secretAccessKey: 'local' }

export function makeDatabase({ tables, endpoint, pauses, ...given }: DatabaseOptions): Database {
  const { url, region } = endpoint
    ? { url: urlOf(endpoint), region: 'local' }
    : endpointOf('dynamodb')
  const connection = given.connection ?? makeConnection(url)
  const clock = makeServerClock()
  const send = makeServiceCall(
    { name: 'dynamodb', region, host: url.host, contentType: 'application/x-amz-json-1.0' },
    {
      post: connection.post,
      credentials: endpoint ? async () => local : chainCredentials(),
      nowMs: Date.now,
      onDate: clock.learn,
    },
  )
  const call = callOver(send)
  return {
    client: clientOver((operation, input) =>
      retried(() => call(operation, input), attemptsMax, pauses),
    ),
    once: clientOver(call),
    tables,
    serverTimeMs: clock.nowMs,
    close: connection.close,
  }
}

/** Parses a date once for all the replies of its second. */
function makeServerClock() {
  let last = { date: '', atMs: Number.NaN }
  let offsetMs = Number.NaN
  return {
    learn: (date: string): void => {
      if (date !== last.date) last = { date, atMs: Date.parse(date) }
      if (!Number.isNaN(last.atMs)) offsetMs = last.atMs - Date.now()
    },
    nowMs: () => (Number.isNaN(offsetMs) ? undefined : Date.now() + offsetMs),
  }
}

/** The same tables, with `around` before every call of both clients. */
export function wrapCalls(database: Database, around: (call: Call) => Call): Database {
  const { client, once } = database
  return {
    ...database,
    client: clientOver(around(client.call)),
    once: clientOver(around(once.call)),
  }
}
