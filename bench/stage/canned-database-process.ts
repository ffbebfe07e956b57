/**
 * A stand-in for DynamoDB that answers at once, so that what is measured is the gateway alone. It reads from
 * a copy of real tables and forgets every write: each is answered as one that went well, so nobody's balance
 * falls and nothing is refused.
 */
import type { Socket } from 'node:net'
import * as z from 'zod'
import { type LeanRequest, startLeanServer } from './lean-server.ts'
import { serveParent } from './parent.ts'

/** By `nameOf`, each item as the database sends it. */
const Items = z.map(z.string(), z.string())
const Setup = z.strictObject({ items: Items })

const Key = z.object({ pk: z.object({ S: z.string() }), sk: z.object({ S: z.string() }) })
const Get = z.object({ TableName: z.string(), Key })
const BatchGet = z.object({
  RequestItems: z.record(z.string(), z.object({ Keys: z.array(Key) })),
})
const Update = z.object({
  ExpressionAttributeNames: z.record(z.string(), z.string()),
  ExpressionAttributeValues: z.record(z.string(), z.unknown()),
})

const nameOf = (table: string, { pk, sk }: z.infer<typeof Key>) => `${table} ${pk.S} ${sk.S}`

let items: ReadonlyMap<string, string> = new Map()
let secondTold = 0
let date = ''

serveParent(async (given) => {
  items = Setup.parse(given).items
  const { url } = await startLeanServer(respond)
  const answer = (order: unknown) => {
    items = new Map([...items, ...Setup.parse(order).items])
    return {}
  }
  return { greeting: { url }, answer }
})

function respond(request: LeanRequest, socket: Socket): void {
  const operation = (request.header('x-amz-target') ?? '').replace(/^.*\./, '')
  const body = replyTo(operation, request.body)
  const type = 'content-type: application/x-amz-json-1.0'
  const length = `content-length: ${Buffer.byteLength(body)}`
  socket.write(`HTTP/1.1 200 OK\r\n${type}\r\n${length}\r\ndate: ${dateNow()}\r\n\r\n${body}`)
}

/** Throws for what no gateway asks on a paid request: then the stand-in is out of date. */
function replyTo(operation: string, body: Buffer): string {
  switch (operation) {
    case 'GetItem': {
      const { TableName, Key: key } = Get.parse(parsed(body))
      const item = items.get(nameOf(TableName, key))
      return item === undefined ? '{}' : `{"Item":${item}}`
    }
    case 'BatchGetItem': {
      const { RequestItems } = BatchGet.parse(parsed(body))
      const tables = Object.entries(RequestItems).map(([table, { Keys }]) => {
        const found = Keys.flatMap((key) => items.get(nameOf(table, key)) ?? [])
        return `${JSON.stringify(table)}:[${found.join(',')}]`
      })
      return `{"Responses":{${tables.join(',')}},"UnprocessedKeys":{}}`
    }
    case 'UpdateItem':
      return body.includes('"UPDATED_NEW"') ? updatedNew(body) : '{}'
    case 'PutItem':
    case 'TransactWriteItems':
      return '{}'
    case 'Query':
      return '{"Items":[],"Count":0,"ScannedCount":0}'
    default:
      throw new Error(`the canned database knows no ${operation || 'request without a target'}`)
  }
}

/** Counters, as if each had begun with this write. */
function updatedNew(body: Buffer): string {
  const { ExpressionAttributeNames: names, ExpressionAttributeValues: values } = Update.parse(
    parsed(body),
  )
  const counters = Object.entries(names).flatMap(([at, name]) => {
    const [, index] = /^#c(\d+)$/.exec(at) ?? []
    const added = index === undefined ? undefined : values[`:add${index}`]
    return added === undefined ? [] : [`${JSON.stringify(name)}:${JSON.stringify(added)}`]
  })
  return `{"Attributes":{${counters.join(',')}}}`
}

const parsed = (body: Buffer): unknown => JSON.parse(body.toString('utf8'))

function dateNow(): string {
  const second = Math.floor(Date.now() / 1000)
  if (second !== secondTold) date = new Date(second * 1000).toUTCString()
  secondTold = second
  return date
}
