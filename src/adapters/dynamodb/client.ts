/**
 * The one DynamoDB client. Numbers arrive as strings and become bigint or number in the item schemas, so
 * that an amount can never pass through a float. Time-outs are ours: the SDK's default of five
 * minutes would outlive any request.
 */

import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { unmarshall } from '@aws-sdk/util-dynamodb'
import type { Principal } from '../../rights.ts'
import type { TableNames } from '../../tables.ts'
import { enforceRights } from './enforce-rights.ts'

export type Database = {
  readonly client: DynamoDBDocumentClient
  readonly tables: TableNames
  /** The database's clock as its last reply told it; undefined before any reply. */
  readonly serverTimeMs: () => number | undefined
}

export type DatabaseOptions = {
  readonly tables: TableNames
  /** Only for the embedded engine; on AWS region and credentials come from the environment. */
  readonly endpoint?: string | undefined
  /** Where no IAM stands before the tables: refuse what the deployed function may not do. */
  readonly enforce?: { readonly principal: Principal } | undefined
}

const connectionTimeoutMs = 1_000
const requestTimeoutMs = 2_000
const attemptsMax = 4

export function makeDatabase({ tables, endpoint, enforce }: DatabaseOptions): Database {
  const local = endpoint
    ? {
        endpoint,
        region: 'local',
        credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      }
    : {}
  const base = new DynamoDBClient({
    ...local,
    maxAttempts: attemptsMax,
    requestHandler: { connectionTimeout: connectionTimeoutMs, requestTimeout: requestTimeoutMs },
  })
  if (enforce) enforceRights(base, enforce.principal, tables)
  let offsetMs: number | undefined
  base.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      const date = Date.parse(dateHeaderOf(result.response) ?? '')
      if (!Number.isNaN(date)) offsetMs = date - Date.now()
      return result
    },
    { step: 'deserialize', name: 'readServerDate', priority: 'low' },
  )
  const client = DynamoDBDocumentClient.from(base, {
    marshallOptions: { removeUndefinedValues: true },
    unmarshallOptions: { wrapNumbers: (digits) => digits },
  })
  const serverTimeMs = () => (offsetMs === undefined ? undefined : Date.now() + offsetMs)
  return { client, tables, serverTimeMs }
}

/** The item that a failed condition returned; the document client leaves it marshalled. */
export function itemOfFailedCondition(error: unknown): Record<string, unknown> | undefined {
  const item = isFailedCondition(error) ? error.Item : undefined
  return item && unmarshall(item, { wrapNumbers: (digits: string) => digits })
}

type FailedCondition = { readonly Item?: Record<string, AttributeValue> }

export function isFailedCondition(error: unknown): error is FailedCondition {
  return error instanceof Error && error.name === 'ConditionalCheckFailedException'
}

/**
 * Whether a write may have happened although no reply came: time-outs, lost connections, faults of the
 * service. Everything else is a definite answer or a bug.
 */
export function isUnknownOutcome(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const metadata = '$metadata' in error ? error.$metadata : undefined
  const status =
    typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata
      ? metadata.httpStatusCode
      : undefined
  if (typeof status === 'number') return status >= 500 || isThrottle(error)
  return true
}

function isThrottle(error: Error): boolean {
  return [
    'ProvisionedThroughputExceededException',
    'RequestLimitExceeded',
    'ThrottlingException',
    'TransactionConflictException',
    'TransactionInProgressException',
  ].includes(error.name)
}

function dateHeaderOf(response: unknown): string | undefined {
  if (typeof response !== 'object' || response === null || !('headers' in response)) return
  const { headers } = response
  if (typeof headers !== 'object' || headers === null || !('date' in headers)) return
  return typeof headers.date === 'string' ? headers.date : undefined
}
