/** Starts the stand-in for DynamoDB over what is in the tables of an engine. */
import { join } from 'node:path'
import * as z from 'zod'
import type { TableNames } from '../../src/tables.ts'
import { startChild } from './child.ts'
import type { Usage } from './process-usage.ts'

export type CannedDatabase = {
  readonly endpoint: string
  /** Reads what has changed since: hosts beat, and the copy must not grow old. */
  readonly refresh: () => Promise<void>
  readonly usage: () => Promise<Usage>
  readonly stop: () => Promise<void>
}

type Tables = { readonly endpoint: string; readonly tables: TableNames }

const Greeting = z.object({ url: z.url() })
const replyWithinMs = 5_000

export async function startCannedDatabase(from: Tables): Promise<CannedDatabase> {
  const { keys, profiles, balances } = from.tables
  const items = await itemsOf(from, [keys, profiles, balances])
  const child = await startChild(join(import.meta.dirname, 'canned-database-process.ts'), { items })
  return {
    endpoint: Greeting.parse(child.greeting).url,
    refresh: async () => {
      await child.ask({ items: await itemsOf(from, [profiles]) }, replyWithinMs)
    },
    usage: child.usage,
    stop: child.stop,
  }
}

/** The engine wants one, and takes any. */
const anySignature = {
  authorization:
    'AWS4-HMAC-SHA256 Credential=local/20260101/local/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
  'x-amz-date': '20260101T000000Z',
}

const Text = z.object({ S: z.string() })
const Scanned = z.object({
  Items: z.array(z.looseObject({ pk: Text, sk: Text })),
  LastEvaluatedKey: z.undefined('a bench has no more items than one page holds').optional(),
})

/** As they travel, so that the stand-in sends the very bytes that the engine would. */
async function itemsOf(
  { endpoint }: Tables,
  tables: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const items = new Map<string, string>()
  for (const TableName of tables) {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': 'DynamoDB_20120810.Scan',
        ...anySignature,
      },
      body: JSON.stringify({ TableName }),
      signal: AbortSignal.timeout(replyWithinMs),
    })
    for (const item of Scanned.parse(await response.json()).Items) {
      items.set(`${TableName} ${item.pk.S} ${item.sk.S}`, JSON.stringify(item))
    }
  }
  return items
}
