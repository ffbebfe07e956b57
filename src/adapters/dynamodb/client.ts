/**
 * The clients of DynamoDB. Numbers arrive as strings and become bigint or number in the item schemas, so
 * that an amount can never pass through a float. Time-outs are ours: the SDK's default of five
 * minutes would outlive any request.
 */

import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { DynamoDBClient, TransactionCanceledException } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { unmarshall } from '@aws-sdk/util-dynamodb'
import type { Principal } from '../../rights.ts'
import type { TableNames } from '../../tables.ts'
import { enforceRights } from './enforce-rights.ts'

export type Database = {
  readonly client: DynamoDBDocumentClient
  /**
   * Over the same connections, but sends every command a single time: for writes that the ledger
   * repeats itself, since each of its tries is another write.
   */
  readonly once: DynamoDBDocumentClient
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

export type Item = Readonly<Record<string, unknown>>

const attemptsMax = 4
const timeouts = {
  connectionTimeout: 1_000,
  requestTimeout: 2_000,
  // Without it the SDK only warns of a request that takes longer.
  throwOnRequestTimeout: true,
} as const

export function makeDatabase({ tables, endpoint, enforce }: DatabaseOptions): Database {
  const local = endpoint
    ? {
        endpoint,
        region: 'local',
        credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      }
    : {}
  const repeating = new DynamoDBClient({
    ...local,
    maxAttempts: attemptsMax,
    requestHandler: timeouts,
  })
  const { requestHandler, credentials } = repeating.config
  const single = new DynamoDBClient({ ...local, credentials, requestHandler, maxAttempts: 1 })
  let offsetMs: number | undefined
  for (const base of [repeating, single]) {
    if (enforce) enforceRights(base, enforce.principal, tables)
    base.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args)
        const date = Date.parse(dateHeaderOf(result.response) ?? '')
        if (!Number.isNaN(date)) offsetMs = date - Date.now()
        return result
      },
      { step: 'deserialize', name: 'readServerDate', priority: 'low' },
    )
    base.middlewareStack.add(
      (next) => async (args) => {
        try {
          return await next(args)
        } catch (error) {
          // A running transaction holds the item: nothing was written, and the SDK would not try again.
          if (isConflict(error)) Object.assign(error, { $retryable: {} })
          throw error
        }
      },
      { step: 'finalizeRequest', name: 'retryConflicts', priority: 'low' },
    )
  }
  return {
    client: documentsOver(repeating),
    once: documentsOver(single),
    tables,
    serverTimeMs: () => (offsetMs === undefined ? undefined : Date.now() + offsetMs),
  }
}

function documentsOver(base: DynamoDBClient): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(base, {
    marshallOptions: { removeUndefinedValues: true },
    unmarshallOptions: { wrapNumbers: (digits) => digits },
  })
}

/** The item that a failed condition returned; the document client leaves it marshalled. */
export function itemOfFailedCondition(error: unknown): Item | undefined {
  return isFailedCondition(error) ? unmarshalled(error.Item) : undefined
}

type FailedCondition = { readonly Item?: Record<string, AttributeValue> }

export function isFailedCondition(error: unknown): error is FailedCondition {
  return error instanceof Error && error.name === 'ConditionalCheckFailedException'
}

/** `item` where a condition failed and its write asked for what stood there. */
export type CancellationReason = { readonly code: string; readonly item: Item | undefined }

/** Why each write of a cancelled transaction did not happen; empty for any other error. */
export function cancellationReasons(error: unknown): readonly CancellationReason[] {
  if (!(error instanceof TransactionCanceledException)) return []
  return (error.CancellationReasons ?? []).map(({ Code, Item }) => ({
    code: Code ?? 'None',
    item: unmarshalled(Item),
  }))
}

/** Cancelled, whole and unchanged, by nothing but other writes and load: it may pass next time. */
export function isCrowdedOut(error: unknown): boolean {
  const codes = cancellationReasons(error).map(({ code }) => code)
  const reasons = codes.filter((code) => code !== 'None')
  return reasons.length > 0 && reasons.every(isCrowdCode)
}

export function isCrowdCode(code: string): boolean {
  return ['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded'].includes(code)
}

/**
 * Whether a write may have happened although no reply came: time-outs, lost connections, faults of the
 * service. So are counted throttled and crowded-out writes: they have not happened, and repeating
 * them is as right. Everything else is a definite answer or a bug.
 */
export function isUnknownOutcome(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (isCrowdedOut(error)) return true
  // What the client never sent carries none: an assertion, a schema, a missing right.
  const metadata = '$metadata' in error ? error.$metadata : undefined
  if (typeof metadata !== 'object' || metadata === null) return false
  const status = 'httpStatusCode' in metadata ? metadata.httpStatusCode : undefined
  return typeof status === 'number' ? status >= 500 || isThrottle(error) : true
}

function isConflict(error: unknown): error is Error {
  return error instanceof Error && error.name === 'TransactionConflictException'
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

function unmarshalled(item: Record<string, AttributeValue> | undefined): Item | undefined {
  return item && unmarshall(item, { wrapNumbers: (digits: string) => digits })
}

function dateHeaderOf(response: unknown): string | undefined {
  if (typeof response !== 'object' || response === null || !('headers' in response)) return
  const { headers } = response
  if (typeof headers !== 'object' || headers === null || !('date' in headers)) return
  return typeof headers.date === 'string' ? headers.date : undefined
}
