/** What a paid chat request uses, by the gateway as it is deployed, and counting its receipt into sums. */

import { join } from 'node:path'
import {
  type AttributeValue,
  DynamoDBClient,
  ScanCommand as RawScan,
} from '@aws-sdk/client-dynamodb'
import type { StreamEvent } from '../../src/adapters/dynamodb/stream-record.ts'
import { chatPath, chatRequest } from '../../test/support/chat-client.ts'
import { freePort } from '../../test/support/embedded-dynamodb.ts'
import type { Customer } from '../../test/support/gateway-bench.ts'
import { streams } from '../../test/support/host-answers.ts'
import type { Dispatch } from '../../test/support/scripted-host.ts'
import { keyLimits } from '../stage/key-limits.ts'
import { startByteCounter } from './byte-counter.ts'
import type { Bench } from './measure.ts'
import type { Measured, Use } from './measured.ts'
import { startSubject } from './subject.ts'

const completionTokens = 300
const promptBytes = 2_000
const warmRequests = 60
const customers = 10
const fullBatch = 100

const root = join(import.meta.dirname, '..', '..')
const prompt = 'Tell me a story. '.repeat(promptBytes / 17)
const words = Array.from({ length: completionTokens }, (_, at) => ` word${at % 10}`)

export async function measureRequest({ bench, meter, env }: Bench): Promise<{
  request: Measured['request']
  rollUp: Measured['rollUp']
}> {
  const { model, host } = await bench.sale([streams(words)])
  host.always(streams(words))
  const buyers: Customer[] = []
  for (let at = 0; at < customers; at += 1) buyers.push(await bench.customer({ key: keyLimits }))
  const port = await freePort()
  const file = join(root, 'functions', 'gateway', 'server.ts')
  const gateway = await startSubject({ file, env: { ...env, PORT: String(port) } })
  const counter = await startByteCounter(port)
  const ask = async (customer: Customer | undefined): Promise<void> => {
    if (customer === undefined) throw new Error('no customer')
    const body = { model: model.id, stream: true, messages: [{ role: 'user', content: prompt }] }
    const response = await fetch(`${counter.url}${chatPath}`, chatRequest(customer, body))
    const text = await response.text()
    if (!text.endsWith('data: [DONE]\n\n')) throw new Error(`no whole answer: ${text.slice(-300)}`)
  }
  try {
    await bench.beat(host.nodeId)
    const logOfStart = await gateway.takeLog()
    meter.take()
    counter.take()
    await ask(buyers[0])
    const coldLog = await gateway.takeLog()
    const { lines: logLines, bytes: logBytes } = coldLog
    if (logOfStart.lines === 0) throw new Error('the gateway says nothing when it starts')
    const cold = { ...meter.take(), logLines, logBytes }
    // The code is compiled as it is used: these are not counted.
    for (let at = 0; at < warmRequests; at += 1) await ask(buyers[at % customers])
    // A host that is silent for a minute serves no longer.
    await bench.beat(host.nodeId)
    await gateway.takeLog()
    meter.take()
    counter.take()
    const cpuMsBefore = await gateway.cpuMs()
    for (let at = 0; at < warmRequests; at += 1) await ask(buyers[at % customers])
    const cpuMs = (await gateway.cpuMs()) - cpuMsBefore
    const log = await gateway.takeLog()
    const use = { ...meter.take(), cpuMs, logLines: log.lines, logBytes: log.bytes }
    const toClientBytes = counter.take() / warmRequests
    return {
      request: {
        cold,
        warm: each(use, warmRequests),
        completionTokens,
        toClientBytes,
        toHostBytes: bytesOf(host.lastDispatch()),
        storedBytes: await storedBytes(bench),
      },
      rollUp: await measureRollUp({ bench, meter, env }),
    }
  } finally {
    counter.stop()
    await gateway.stop()
  }
}

async function measureRollUp({ bench, meter, env }: Bench): Promise<Measured['rollUp']> {
  const records = await recordsOf(bench)
  if (records.length < 2 + fullBatch) throw new Error(`there are ${records.length} receipts`)
  const subject = await startSubject({
    file: join(import.meta.dirname, 'run-process.ts'),
    args: [join(root, 'functions', 'streams', 'roll-up-spend.ts')],
    env,
  })
  const roll = async (from: number, count: number): Promise<Use> => {
    meter.take()
    await subject.takeLog()
    const { cpuMs } = await subject.run({ Records: records.slice(from, from + count) })
    const { lines: logLines, bytes: logBytes } = await subject.takeLog()
    return { ...meter.take(), cpuMs, logLines, logBytes }
  }
  try {
    await roll(0, 1)
    return {
      one: await roll(1, 1),
      full: await roll(2, fullBatch),
      receiptsInFull: fullBatch,
    }
  } finally {
    await subject.stop()
  }
}

/** As the stream brings what was put, in whatever order. */
async function recordsOf({ endpoint, tables }: Bench['bench']): Promise<StreamEvent['Records']> {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  const client = new DynamoDBClient({ endpoint, region: 'local', credentials })
  const { Items = [] } = await client.send(new RawScan({ TableName: tables.receipts }))
  client.destroy()
  return Items.map((item, at) => ({
    eventName: 'INSERT',
    dynamodb: {
      SequenceNumber: String(at),
      ApproximateCreationDateTime: Math.floor(Date.now() / 1000),
      NewImage: Object.fromEntries(
        Object.entries(item).map(([name, value]) => [name, inBase64(value)]),
      ),
    },
  }))
}

const inBase64 = (value: AttributeValue) =>
  value.B === undefined ? value : { B: Buffer.from(value.B).toString('base64') }

const each = (use: Use, count: number): Use => ({
  calls: use.calls / count,
  readUnits: use.readUnits / count,
  writeUnits: use.writeUnits / count,
  cpuMs: use.cpuMs / count,
  logLines: use.logLines / count,
  logBytes: use.logBytes / count,
})

const separators = ': \r\n'.length

function bytesOf({ headers, path, bytes }: Dispatch): number {
  const lines = Object.entries(headers).map(
    ([name, value]) => name.length + String(value).length + separators,
  )
  return `POST ${path} HTTP/1.1\r\n\r\n`.length + lines.reduce((a, b) => a + b, 0) + bytes.length
}

/** What DynamoDB charges for beside an item or an entry of an index. */
const overheadBytes = 100

/** Of a receipt: the item, and its keys again in each of the two indexes that it is in. */
async function storedBytes({ client, tables }: Bench['bench']): Promise<number> {
  const { Items = [] } = await client.scan({ TableName: tables.receipts })
  const sizes = Items.map((item) => {
    const own = Object.entries(item).reduce(
      (sum, [name, value]) => sum + name.length + sizeOf(value),
      0,
    )
    const keys = sizeOf(item.pk) + sizeOf(item.sk) + 'pksk'.length
    const inIndexes = sizeOf(item.receiptHash) + sizeOf(item.nodeReceiptHash) + 2 * keys
    return own + inIndexes + 3 * overheadBytes
  })
  return sizes.reduce((sum, size) => sum + size, 0) / sizes.length
}

const sizeOf = (value: unknown): number =>
  value instanceof Uint8Array ? value.byteLength : Buffer.byteLength(String(value))
