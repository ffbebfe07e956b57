/**
 * A wire between whoever uses DynamoDB and the engine that has every answer tell its capacity units
 * and keeps them. So the programs that are measured are those that are deployed, unchanged.
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

/** One request to the database and its answer. */
export type Call = {
  readonly operation: string
  readonly kind: 'read' | 'write'
  readonly units: number
  /** Of HTTP, headers included and TLS not; what the meter itself asks for is left out. */
  readonly sentBytes: number
  readonly receivedBytes: number
  /** Those of one round trip ran beside each other. 0 where nobody tells them apart. */
  readonly roundTrip: number
}

export type MeterOptions = {
  /** Asked by every call before it goes on; resolves with the number of its round trip. */
  readonly roundTrip?: () => Promise<number>
}

export type Meter = Awaited<ReturnType<typeof startMeter>>

const engineTimeoutMs = 10_000
const operations = {
  read: ['GetItem', 'Query', 'Scan', 'BatchGetItem', 'TransactGetItems'],
  write: ['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem', 'TransactWriteItems'],
} as const

const Capacity = z.object({ CapacityUnits: z.number() })
/** What names several tables tells of each. */
const Reply = z.looseObject({
  ConsumedCapacity: z.union([z.array(Capacity), Capacity.transform((one) => [one])]).default([]),
})

export async function startMeter(
  engineEndpoint: string,
  { roundTrip = async () => 0 }: MeterOptions = {},
) {
  let calls: Call[] = []
  const takeCalls = (): readonly Call[] => {
    const taken = calls
    calls = []
    return taken
  }

  async function pass(incoming: IncomingMessage) {
    const operation = String(incoming.headers['x-amz-target'] ?? '').replace(/^.*\./, '')
    const kind = kindOf(operation)
    const body = await buffer(incoming)
    const number = await roundTrip()
    const response = await fetch(engineEndpoint, {
      method: 'POST',
      headers: forwarded(incoming),
      body: kind === undefined ? body : askingForUnits(body),
      signal: AbortSignal.timeout(engineTimeoutMs),
    })
    const text = await response.text()
    if (kind === undefined) return { response, text }
    const reply = metered(response.ok, text)
    calls.push({
      operation,
      kind,
      units: reply.units,
      sentBytes: headBytes(incoming.rawHeaders) + body.byteLength,
      receivedBytes: headBytes([...response.headers].flat()) + Buffer.byteLength(reply.text),
      roundTrip: number,
    })
    return { response, text: reply.text }
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
    /** Those that were answered since this or `take` was called last. */
    takeCalls,
    /** What they used. */
    take: (): Metered => meteredOf(takeCalls()),
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

export const meteredOf = (calls: readonly Call[]): Metered => ({
  calls: calls.length,
  readUnits: unitsOf(calls, 'read'),
  writeUnits: unitsOf(calls, 'write'),
})

const unitsOf = (calls: readonly Call[], kind: Call['kind']): number =>
  calls.filter((call) => call.kind === kind).reduce((sum, { units }) => sum + units, 0)

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

/** The units and the answer without them. A condition that fails costs what its write would have. */
function metered(isOk: boolean, text: string): { readonly units: number; readonly text: string } {
  if (!isOk) return { units: 1, text }
  const { ConsumedCapacity, ...answer } = Reply.parse(JSON.parse(text))
  const units = ConsumedCapacity.reduce((sum, { CapacityUnits }) => sum + CapacityUnits, 0)
  return { units, text: JSON.stringify(answer) }
}

const startLine = 'POST / HTTP/1.1\r\n\r\n'

/** Of a request as Node tells its headers: names and values in turn. */
const headBytes = (headers: readonly string[]): number =>
  headers.reduce((sum, text) => sum + text.length, startLine.length + headers.length * 2)
