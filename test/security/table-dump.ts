/** Everything that is stored, so that a test can say that a request left nothing behind. */
import type { Database } from '../../src/adapters/dynamodb/client.ts'

export type Dump = readonly string[]

/** One line for each item of all tables, in order; `except` leaves out partitions that begin so. */
export async function dumpOf(
  { client, tables }: Pick<Database, 'client' | 'tables'>,
  except: readonly string[] = [],
): Promise<Dump> {
  const lines: string[] = []
  for (const [table, TableName] of Object.entries(tables)) {
    let ExclusiveStartKey: Record<string, unknown> | undefined
    do {
      const page = await client.scan({ TableName, ConsistentRead: true, ExclusiveStartKey })
      for (const item of page.Items ?? []) {
        const isLeftOut = except.some((prefix) => String(item.pk).startsWith(prefix))
        if (!isLeftOut) lines.push(`${table} ${lineOf(item)}`)
      }
      ExclusiveStartKey = page.LastEvaluatedKey
    } while (ExclusiveStartKey)
  }
  return lines.sort()
}

/** Lines of one that the other lacks, either way round. */
export function differences(before: Dump, after: Dump): readonly string[] {
  const [was, is] = [new Set(before), new Set(after)]
  return [
    ...before.filter((line) => !is.has(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !was.has(line)).map((line) => `+ ${line}`),
  ]
}

/** The engine hands maps and sets back in any order. */
const lineOf = (item: Readonly<Record<string, unknown>>): string =>
  JSON.stringify(item, (_, value: unknown) => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
    if (value instanceof Set) return [...value].sort()
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    return Object.fromEntries(
      Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)),
    )
  })
