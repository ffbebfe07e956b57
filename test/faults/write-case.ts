/**
 * One write of the product, run twice in tables of its own: once undisturbed and once over a wire
 * that breaks. Ids and times are the same in both, so that answers and tables can be compared whole.
 */
import * as z from 'zod'
import { makeConnection } from '../../src/adapters/aws/connection.ts'
import { type Database, makeDatabase } from '../../src/adapters/dynamodb/client.ts'
import { createTables, localTableNames } from '../../src/adapters/dynamodb/create-tables.ts'
import type { TableNames } from '../../src/tables.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../support/embedded-dynamodb.ts'
import { type Done, isWrite, type Plan, startFaultProxy } from '../support/fault-proxy.ts'

const patienceMs = 20_000

export type WriteCase = {
  /** The file under src/adapters/dynamodb, without its ending. */
  readonly file: string
  readonly method: string
  /** Tells cases of one method apart. */
  readonly as: string
  /** What is stored before. */
  readonly given?: (database: Database) => Promise<unknown>
  readonly write: (database: Database) => Promise<unknown>
  /** A refusal that follows a try without an answer is not final: that try may still arrive. */
  readonly mayStayUnknown?: true
  /** Fields that a repeated try may change, each of which says why where it is named. */
  readonly mayDiffer?: readonly string[]
}

export type Run = {
  /** What the caller got: its answer, or the error that it was told. */
  readonly answer: unknown
  readonly stored: Tables
  /** What became of each write, in order; reads are left out. */
  readonly writes: readonly Done[]
}

/** Every item, by table, partition and sort key. */
export type Tables = Readonly<Record<string, unknown>>

/** In the place of an answer: the name of the error that was thrown. */
export class Failed {
  readonly reason: string

  constructor(reason: string) {
    this.reason = reason
  }
}

/** Who hears nothing knows nothing, and is told so: by an error, or in words. */
export function saysUnknown(answer: unknown): boolean {
  const Unknown = z.object({ kind: z.enum(['unknown', 'unavailable']) })
  return answer instanceof Failed || Unknown.safeParse(answer).success
}

/**
 * `plans` go by the method's own writes: what is given is stored undisturbed. Unless the test is
 * about time-outs, the client waits long enough for the busiest machine.
 */
export async function runCase(
  engine: Database & { readonly endpoint: string },
  { given, write, mayDiffer = [] }: WriteCase,
  { plans = [], isPatient = true }: { plans?: readonly Plan[]; isPatient?: boolean } = {},
): Promise<Run> {
  const tables = await takeTables(engine)
  const direct = { ...engine, tables }
  const proxy = await startFaultProxy(engine.endpoint)
  const { endpoint } = proxy
  const wired = isPatient ? patient({ tables, endpoint }) : makeDatabase({ tables, endpoint })
  try {
    await given?.(direct)
    proxy.plan(...plans)
    const answer = await write(wired).catch((error: unknown) =>
      error instanceof Error ? new Failed(error.name) : new Failed(String(error)),
    )
    await proxy.release()
    const writes = proxy.done.filter(isWrite)
    const run = {
      answer: without(answer, mayDiffer),
      stored: await dump(direct, writes, mayDiffer),
      writes,
    }
    await giveTablesBack(engine, direct)
    return run
  } finally {
    wired.close()
    await proxy.stop()
  }
}

/** By engine: tables that hold nothing. Making new ones for every run takes longer than the runs. */
const emptyTables = new WeakMap<Database, TableNames[]>()

async function takeTables(engine: Database & { readonly endpoint: string }): Promise<TableNames> {
  const kept = emptyTables.get(engine) ?? []
  emptyTables.set(engine, kept)
  const found = kept.pop()
  if (found) return found
  const made = localTableNames(`faults-${crypto.randomUUID().slice(0, 8)}`)
  await createTables(engine.endpoint, made)
  return made
}

/** Only after a run whose every request has ended: one that comes later would meet the next run. */
async function giveTablesBack(engine: Database, { client, tables }: Database): Promise<void> {
  for (const TableName of Object.values(tables)) {
    const { Items = [] } = await client.scan({ TableName, ConsistentRead: true })
    for (const item of Items) await client.delete({ TableName, Key: Key.parse(item) })
  }
  emptyTables.get(engine)?.push(tables)
}

const Key = z.object({ pk: z.string(), sk: z.string() })

/** Waits long enough for the busiest machine. */
function patient({ tables, endpoint }: { tables: TableNames; endpoint: string }): Database {
  const connection = makeConnection(new URL(endpoint), { requestMs: patienceMs })
  return makeDatabase({ tables, endpoint, connection })
}

/** An engine, reached by clients that are patient. */
export async function startPatientDynamodb(): Promise<EmbeddedDynamodb> {
  const engine = await startEmbeddedDynamodb()
  return { ...engine, ...patient(engine) }
}

/** Of the tables that were written to; nothing can have changed in the others. */
async function dump(
  { client, tables }: Database,
  writes: readonly Done[],
  mayDiffer: readonly string[],
): Promise<Tables> {
  const bodies = writes.map(({ body }) => JSON.stringify(body))
  const found: Record<string, unknown> = {}
  for (const [table, TableName] of Object.entries(tables)) {
    if (!bodies.some((body) => body.includes(`"${TableName}"`))) continue
    const { Items = [] } = await client.scan({ TableName, ConsistentRead: true })
    for (const item of Items) found[`${table} ${item.pk} ${item.sk}`] = without(item, mayDiffer)
  }
  return found
}

/** Without fields of these names, at whatever depth. */
function without(value: unknown, fields: readonly string[]): unknown {
  const isPlain =
    typeof value === 'object' && value !== null && !opaque.some((one) => value instanceof one)
  if (fields.length === 0 || !isPlain) return value
  if (Array.isArray(value)) return value.map((one) => without(one, fields))
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !fields.includes(name))
      .map(([name, inner]) => [name, without(inner, fields)]),
  )
}

const opaque = [Failed, Set, Uint8Array]
