/**
 * The canary: a marked prompt and the text that answers it are searched for in every place where the
 * product keeps or prints anything. By construction they are in none.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inflateRawSync } from 'node:zlib'
import { DynamoDBClient, ListTablesCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as z from 'zod'
import { unpackReceipt } from '../../src/adapters/dynamodb/items/packed-receipt.ts'
import { type LocalStack, startLocalStack } from '../support/local-stack.ts'

let stack: LocalStack
const marker = 'xylophone-quartz-canary-7319'

beforeAll(async () => {
  stack = await startLocalStack()
}, 120_000)
afterAll(() => stack?.stop())

const post = (body: unknown) =>
  fetch(`${stack.ready.gatewayUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${stack.customerKey}`, 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })

test('a marked prompt and its output appear in no table, file, log or error', async () => {
  const { model } = stack.ready
  const messages = [{ role: 'user', content: `${marker} tell me a long story` }]
  const Completion = z.object({
    choices: z.array(z.object({ message: z.object({ content: z.string() }) })),
  })
  const answered = await post({ model, messages, max_tokens: 64, temperature: 0 })
  const answer = Completion.parse(await answered.json()).choices[0]?.message.content ?? ''
  const streamed = await post({ model, messages, max_tokens: 64, temperature: 0, stream: true })
  expect(await streamed.text()).toContain('[DONE]')
  // The ways in which a request fails must not carry its text either.
  const errors = await Promise.all([
    post(`{"model":"${model}","messages":"${marker}`),
    post({ model, messages: marker }),
    post({ model, messages, max_tokens: marker }),
    post({ model: 'no/such', messages }),
    post({ model, messages: [{ role: 'user', content: `${marker} `.repeat(1_000) }] }),
  ])
  const failures = await Promise.all(errors.map((response) => response.text()))
  expect(errors.map((response) => response.status)).toEqual([400, 400, 400, 404, 400])

  const sinks = new Map([
    ...failures.map((text, index) => [`error ${index}`, text] as const),
    ...(await files(stack.dataDir)),
    ...(await items()),
    ['terminal', stack.output()] as const,
  ])
  expect([...sinks.keys()].some((name) => name.endsWith('gateway.log'))).toBe(true)
  expect([...sinks.keys()].filter((name) => name.startsWith('item')).length).toBeGreaterThan(10)
  // Five words of the answer in a row are not said by chance.
  const output = answer.trim().split(' ').slice(0, 5).join(' ')
  expect(output.length).toBeGreaterThan(12)
  const found = [...sinks].filter(
    ([, content]) => content.includes(marker) || content.includes(output),
  )
  expect(found.map(([name]) => name)).toEqual([])
  // The search itself works: what must be there is found by it.
  expect([...sinks].some(([, content]) => content.includes(model))).toBe(true)
})

async function files(dir: string): Promise<[string, string][]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((one) => join(one.parentPath, one.name))
  return Promise.all(paths.map(async (path) => [path, await readFile(path, 'latin1')]))
}

/** Receipts have a dictionary of their own, pool shards have none, digests are no text at all. */
function textOf(table: string, bytes: Uint8Array): string {
  if (table.includes('receipts')) return unpackReceipt(bytes)
  try {
    return inflateRawSync(bytes).toString('utf8')
  } catch {
    return Buffer.from(bytes).toString('latin1')
  }
}

/** Every item of every table, with deflated bodies opened. */
async function items(): Promise<[string, string][]> {
  const port = Number(new URL(stack.ready.gatewayUrl).port) + 5
  const client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'local',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  })
  const { TableNames = [] } = await client.send(new ListTablesCommand({}))
  const found: [string, string][] = []
  for (const TableName of TableNames) {
    const { Items = [] } = await client.send(new ScanCommand({ TableName }))
    Items.forEach((item, index) => {
      const opened = Object.values(item).flatMap((value) =>
        value.B ? [textOf(TableName, value.B)] : [],
      )
      found.push([`item ${TableName} ${index}`, JSON.stringify([item, opened])])
    })
  }
  client.destroy()
  return found
}
