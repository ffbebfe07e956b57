/**
 * A wire between whoever uses DynamoDB and the engine that has every answer tell its capacity units
 * and adds them up. So the programs that are measured are those that are deployed, unchanged.
 */
import { createServer, type IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import * as z from 'zod'

export type Metered = {
  /** Requests to the database, those for conditions that failed included. */
  readonly calls: number
  readonly readUnits: number
  readonly writeUnits: number
}

export type Meter = Awaited<ReturnType<typeof startMeter>>

const engineTimeoutMs = 10_000
const operations = {
  read: ['GetItem', 'Query', 'Scan', 'BatchGetItem', 'TransactGetItems'],
  write: ['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem', 'TransactWriteItems'],
} as const

const Capacity = z.object({ CapacityUnits: z.number() })
/** What names several tables tells of each. */
const Reply = z.object({
  ConsumedCapacity: z.union([z.array(Capacity), Capacity.transform((one) => [one])]).default([]),
})

export async function startMeter(engineEndpoint: string) {
  let metered: Metered = { calls: 0, readUnits: 0, writeUnits: 0 }

  async function pass(incoming: IncomingMessage) {
    const operation = String(incoming.headers['x-amz-target'] ?? '').replace(/^.*\./, '')
    const kind = kindOf(operation)
    const body = await buffer(incoming)
    const response = await fetch(engineEndpoint, {
      method: 'POST',
      headers: forwarded(incoming),
      body: kind === undefined ? body : askingForUnits(body),
      signal: AbortSignal.timeout(engineTimeoutMs),
    })
    const text = await response.text()
    if (kind !== undefined) metered = added(metered, kind, unitsOf(response.ok, text))
    return { response, text }
  }

  const server = createServer((incoming, outgoing) => {
    pass(incoming).then(
      ({ response, text }) => {
        const type = response.headers.get('content-type') ?? 'application/x-amz-json-1.0'
        const date = response.headers.get('date') ?? new Date().toUTCString()
        outgoing.writeHead(response.status, { 'content-type': type, date }).end(text)
      },
      () => outgoing.destroy(),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('The meter has no port.')
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    /** What was used since the last call. */
    take: (): Metered => {
      const taken = metered
      metered = { calls: 0, readUnits: 0, writeUnits: 0 }
      return taken
    },
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

const kindOf = (operation: string) =>
  (['read', 'write'] as const).find((kind) => operations[kind].some((one) => one === operation))

function forwarded({ headers }: IncomingMessage): Record<string, string> {
  const names = ['x-amz-target', 'content-type', 'authorization', 'x-amz-date']
  return Object.fromEntries(
    names.flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])]])),
  )
}

function askingForUnits(body: Buffer): string {
  const input = z.record(z.string(), z.unknown()).parse(JSON.parse(body.toString('utf8')))
  return JSON.stringify({ ...input, ReturnConsumedCapacity: 'TOTAL' })
}

/** A condition that fails costs what its write would have; the engine tells no units for it. */
function unitsOf(isOk: boolean, text: string): number {
  if (!isOk) return 1
  const { ConsumedCapacity } = Reply.parse(JSON.parse(text))
  return ConsumedCapacity.reduce((sum, { CapacityUnits }) => sum + CapacityUnits, 0)
}

function added(metered: Metered, kind: 'read' | 'write', units: number): Metered {
  return {
    calls: metered.calls + 1,
    readUnits: metered.readUnits + (kind === 'read' ? units : 0),
    writeUnits: metered.writeUnits + (kind === 'write' ? units : 0),
  }
}
