/**
 * The main job, as a customer does it: the official OpenAI SDK against the running product, on the embedded
 * DynamoDB and a real inference engine. Nothing on the way is replaced.
 */
import { spawnSync } from 'node:child_process'
import { mkdtemp, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OpenAI from 'openai'
import { beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { parseUsd } from '../../../src/money/nano-usd.ts'
import { PublishedKeys } from '../../../src/protocol/published-keys.ts'
import { ReceiptView } from '../../../src/protocol/receipt.ts'
import { verifyReceipt } from '../../../src/receipts/verify-receipt.ts'
import { type LocalStack, newCustomer, readAccount } from '../../support/local-stack.ts'
import { theStack } from './stack.ts'

let stack: LocalStack
const messages = [{ role: 'user' as const, content: 'Tell me a story.' }]

beforeAll(() => {
  stack = theStack()
})

const clientOf = (apiKey: string, maxRetries = 0) =>
  new OpenAI({ baseURL: `${stack.ready.gatewayUrl}/v1`, apiKey, maxRetries })

const Summary = z.looseObject({ receipt_hash: z.string(), cost_usd: z.string(), salt: z.string() })
const usd = (text: string) => parseUsd(text) ?? -1n

describe('a paid, streamed completion', () => {
  test('streams text, ends in [DONE], and costs exactly what its receipt says', async () => {
    const before = await readAccount(stack, stack.customerKey)
    const stream = await clientOf(stack.customerKey).chat.completions.create({
      model: stack.ready.model,
      messages,
      max_tokens: 24,
      stream: true,
      stream_options: { include_usage: true },
    })
    let text = ''
    const chunks: OpenAI.ChatCompletionChunk[] = []
    for await (const chunk of stream) {
      chunks.push(chunk)
      text += chunk.choices[0]?.delta.content ?? ''
    }
    expect(text.length).toBeGreaterThan(24)
    expect(chunks[0]?.choices[0]?.delta.role).toBe('assistant')
    expect(new Set(chunks.map((chunk) => chunk.id)).size).toBe(1)
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('length')
    const last = z.looseObject({ usage: z.looseObject({}), b3iq: Summary }).parse(chunks.at(-1))
    expect(chunks.at(-1)?.choices).toEqual([])
    expect(last.usage).toMatchObject({ completion_tokens: 24 })

    const after = await readAccount(stack, stack.customerKey)
    const charge = usd(last.b3iq.cost_usd)
    expect(charge).toBeGreaterThan(0n)
    expect(usd(before.available_usd) - usd(after.available_usd)).toBe(charge)
    expect(usd(after.spent_usd) - usd(before.spent_usd)).toBe(charge)
    expect(after).toMatchObject({ held_usd: '0', open_holds: [] })
  })

  test('the wire ends in [DONE], after the object that names the receipt', async () => {
    const response = await fetch(`${stack.ready.gatewayUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${stack.customerKey}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ model: stack.ready.model, messages, max_tokens: 4, stream: true }),
    })
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    const frames = (await response.text()).trimEnd().split('\n\n')
    expect(frames.at(-1)).toBe('data: [DONE]')
    const last = z.object({ b3iq: Summary }).parse(JSON.parse(frames.at(-2)?.slice(6) ?? ''))
    expect(last.b3iq.receipt_hash).toMatch(/^[0-9a-f]{64}$/)
  })

  test('the receipt shows usage claimed, counted and billed, and verifies offline', async () => {
    const completion = await clientOf(stack.customerKey).chat.completions.create({
      model: stack.ready.model,
      messages,
      max_tokens: 16,
    })
    expect(completion.choices[0]?.message.content?.length).toBeGreaterThan(16)
    const { b3iq } = z.looseObject({ b3iq: Summary }).parse(completion)
    const { gatewayUrl, keyFile } = stack.ready
    const url = `${gatewayUrl}/v1/receipts/${b3iq.receipt_hash}`
    const headers = { authorization: `Bearer ${stack.customerKey}` }
    const [open, own, keys] = await Promise.all([
      fetch(url).then(async (response) => ReceiptView.parse(await response.json())),
      fetch(url, { headers }).then(async (response) => ReceiptView.parse(await response.json())),
      fetch(`${gatewayUrl}/.well-known/b3iq/keys.json`).then(async (response) =>
        PublishedKeys.parse(await response.json()),
      ),
    ])
    expect(open.private).toBeUndefined()
    expect(own.receipt_hash).toBe(open.receipt_hash)
    const usage = open.body.served?.usage
    expect(usage).toMatchObject({ billed: { completion: 16 }, inflated: false })
    // The engine's tokenizer is pinned: what the gateway counts is what the engine claims.
    expect(usage).toMatchObject({ counted: usage?.claimed, count_method: 'tokenizer' })
    const outcomes = verifyReceipt({ ...own, salt: b3iq.salt }, keys).map((check) => check.outcome)
    expect(new Set(outcomes)).toEqual(new Set(['passed']))

    const shipped = new URL('../../../apps/cli/b3iq.mjs', import.meta.url).pathname
    const args = ['verify', b3iq.receipt_hash, '--gateway', gatewayUrl, '--salt', b3iq.salt]
    const run = spawnSync(process.execPath, [shipped, ...args, '--key-file', keyFile])
    expect(run.stderr.toString()).toBe('')
    expect(run.status).toBe(0)

    const altered = structuredClone(own)
    altered.body.charge.charge_usd = '0.000001'
    const file = join(await mkdtemp(join(tmpdir(), 'b3iq-receipt-')), 'receipt.json')
    await writeFile(file, JSON.stringify(altered))
    const refused = spawnSync(process.execPath, [shipped, 'verify', file, '--gateway', gatewayUrl])
    expect(refused.status).not.toBe(0)
  })

  test("the node's own receipt hash finds the same receipt", async () => {
    const completion = await clientOf(stack.customerKey).chat.completions.create({
      model: stack.ready.model,
      messages,
      max_tokens: 2,
    })
    const { b3iq } = z
      .looseObject({ b3iq: z.object({ receipt_hash: z.string(), node_receipt_hash: z.string() }) })
      .parse(completion)
    const found = await fetch(`${stack.ready.gatewayUrl}/v1/receipts/${b3iq.node_receipt_hash}`)
    expect(ReceiptView.parse(await found.json()).receipt_hash).toBe(b3iq.receipt_hash)
  })

  test('the usage ledger adds up to the balance', async () => {
    const headers = { authorization: `Bearer ${stack.customerKey}` }
    const Page = z.object({
      data: z.array(z.object({ amount_usd: z.string() })),
      next_cursor: z.string().nullable(),
    })
    let sum = 0n
    let after = ''
    for (let page = 0; page < 50; page += 1) {
      const url = `${stack.ready.gatewayUrl}/v1/billing/usage?limit=2${after}`
      const { data, next_cursor } = Page.parse(await (await fetch(url, { headers })).json())
      for (const { amount_usd } of data) {
        sum += amount_usd.startsWith('-') ? -usd(amount_usd.slice(1)) : usd(amount_usd)
      }
      if (next_cursor === null) break
      after = `&after=${next_cursor}`
    }
    expect(sum).toBe(usd((await readAccount(stack, stack.customerKey)).available_usd))
  })
})

describe('the last cent', () => {
  const body = () => ({ model: stack.ready.model, messages, max_tokens: 150 })

  /** What the request must hold, as the refusal to a poor customer tells it. */
  async function requiredHoldUsd(): Promise<string> {
    const { key } = await (await newCustomer(stack, '0.000000001')).newKey()
    const refusal = await clientOf(key)
      .chat.completions.create(body())
      .then(
        () => undefined,
        (error: unknown) => (error instanceof OpenAI.APIError ? error.error : {}),
      )
    return z.object({ required_hold_usd: z.string() }).parse(refusal).required_hold_usd
  }

  test('two keys race ten requests for a balance that covers one: one is served', async () => {
    const customer = await newCustomer(stack, await requiredHoldUsd())
    const keys = await Promise.all([customer.newKey(), customer.newKey()])
    const attempts = Array.from({ length: 10 }, (_, index) =>
      clientOf(keys[index % 2]?.key ?? '')
        .chat.completions.create(body())
        .then(
          () => 'served',
          (error: unknown) => (error instanceof OpenAI.APIError ? error.code : 'fault'),
        ),
    )
    const outcomes = await Promise.all(attempts)
    expect(outcomes.filter((outcome) => outcome === 'served')).toHaveLength(1)
    const refusals = new Set(outcomes.filter((outcome) => outcome !== 'served'))
    // While the winner runs its hold is in flight; once it has ended the balance is short for good.
    refusals.delete('inflight_budget_exhausted')
    refusals.delete('insufficient_balance')
    expect([...refusals]).toEqual([])
    const account = await readAccount(stack, keys[0]?.key ?? '')
    expect(usd(account.spent_usd)).toBeGreaterThan(0n)
    expect(usd(account.available_usd) + usd(account.spent_usd)).toBe(usd(account.funded_usd))
    expect(account.held_usd).toBe('0')
  })
})

describe('bad input gets the error that the contract names', () => {
  const request = (init: RequestInit, key = stack.customerKey) =>
    fetch(`${stack.ready.gatewayUrl}/v1/chat/completions`, {
      method: 'POST',
      ...init,
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        ...init.headers,
      },
    })
  const codeOf = async (response: Response) => {
    const Body = z.object({ error: z.object({ code: z.string(), param: z.string().nullable() }) })
    return { status: response.status, ...Body.parse(await response.json()).error }
  }

  test('malformed JSON', async () => {
    expect(await codeOf(await request({ body: '{"model":' }))).toMatchObject({
      status: 400,
      code: 'invalid_json',
    })
  })
  test('an unknown model, as the SDK reports it', async () => {
    const call = clientOf(stack.customerKey).chat.completions.create({ model: 'no/such', messages })
    await expect(call).rejects.toThrow(OpenAI.NotFoundError)
  })
  test('a wrong key, as the SDK reports it', async () => {
    const call = clientOf(`sk-b3iq-p1-${'A'.repeat(43)}`).models.list()
    // Models are public; paid calls are not.
    await expect(call).resolves.toBeDefined()
    const paid = clientOf(`sk-b3iq-p1-${'A'.repeat(43)}`).chat.completions.create({
      model: stack.ready.model,
      messages,
    })
    await expect(paid).rejects.toThrow(OpenAI.AuthenticationError)
  })
  test('an empty balance', async () => {
    const customer = await newCustomer(stack, '0.000001')
    const { key } = await customer.newKey()
    const body = JSON.stringify({ model: stack.ready.model, messages, max_tokens: 100 })
    const response = await request({ body }, key)
    expect(response.headers.get('x-should-retry')).toBe('false')
    expect(await codeOf(response)).toMatchObject({ status: 402, code: 'insufficient_balance' })
  })
  test('an oversized body', async () => {
    const body = JSON.stringify({
      model: 'x',
      messages: [{ role: 'user', content: 'x'.repeat(5e6) }],
    })
    expect(await codeOf(await request({ body }))).toMatchObject({
      status: 413,
      code: 'request_too_large',
    })
  })
  test('a path that only the adapter knows', async () => {
    const response = await fetch(`${stack.ready.gatewayUrl}/events`, { method: 'POST' })
    expect(await codeOf(response)).toMatchObject({ status: 404, code: 'not_found' })
  })
})

test('key files are readable by their owner alone', async () => {
  for (const file of [stack.ready.keyFile, stack.ready.adminKeyFile]) {
    expect((await stat(file)).mode & 0o777).toBe(0o600)
  }
})
