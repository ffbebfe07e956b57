// Two whole hosts, real agents before the real engine: what a customer notices when one of them dies,
// and what a cancel by id does to one that is well.
import { setTimeout as delay } from 'node:timers/promises'
import OpenAI from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as z from 'zod'
import { readAccount } from '../support/local-stack.ts'
import { type HostsStack, startHostsStack } from './hosts-stack.ts'
import { startLyingRuntime } from './lying-runtime.ts'
import { startSecondHost } from './second-host.ts'
import { untilEligible } from './stack-asks.ts'

let stack: HostsStack
beforeAll(async () => {
  // A slow engine, so that a stream lasts long enough to be stopped.
  stack = await startHostsStack(['--token-delay', '40'])
}, 120_000)
afterAll(() => stack?.stop())

const openai = (maxRetries = 0) =>
  new OpenAI({ apiKey: stack.customerKey, baseURL: `${stack.ready.gatewayUrl}/v1`, maxRetries })

const ask = (session: string, maxTokens: number) => ({
  model: stack.ready.model,
  messages: [{ role: 'user' as const, content: `Tell me of ${session}.` }],
  max_tokens: maxTokens,
  session_id: session,
})

const Attempts = z.object({
  private: z.object({ attempts: z.array(z.object({ node_id: z.string(), outcome: z.string() })) }),
})
const Summary = z.object({ receipt_hash: z.string(), retries: z.int() })

/** Who was asked for an answer, in order, and how that ended. */
async function wayOf(receiptHash: string) {
  const response = await fetch(`${stack.ready.gatewayUrl}/v1/receipts/${receiptHash}`, {
    headers: { authorization: `Bearer ${stack.customerKey}` },
  })
  return Attempts.parse(await response.json()).private.attempts
}

/** A session whose conversation this node gets; affinity keeps it there. */
async function sessionOf(nodeId: string): Promise<string> {
  for (let number = 0; number < 60; number += 1) {
    const session = `session-${number}`
    // The engine may be busy with a benchmark; what is looked for here is a host, not an answer at once.
    const reply = await openai(3).chat.completions.create(ask(session, 1))
    const { receipt_hash } = z.object({ b3iq: Summary }).parse(reply).b3iq
    const [first] = await wayOf(receipt_hash)
    if (first?.node_id === nodeId) return session
    await delay(100)
  }
  throw new Error('no conversation comes to this node')
}

test('a host that is killed before content is replaced unseen', async () => {
  let arrive: () => void = () => undefined
  let isStalled = false
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve
  })
  const runtime = await startLyingRuntime(stack.engineUrl, {
    change: (_, text) => text,
    before: async (path) => {
      if (!isStalled || !path.endsWith('/completions')) return
      arrive()
      await new Promise(() => undefined)
    },
  })
  stack.stopFirst(runtime.stop)
  const host = await startSecondHost(stack, { name: 'mortal', runtimeUrl: runtime.url })
  stack.stopFirst(host.stop)
  await untilEligible(stack, host.nodeId)
  const session = await sessionOf(host.nodeId)
  isStalled = true
  const stream = openai().chat.completions.create({ ...ask(session, 16), stream: true })
  await arrived
  await host.stop()
  const chunks = await Array.fromAsync(await stream)
  const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')
  expect(text.length).toBeGreaterThan(0)
  expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('length')
  const { receipt_hash, retries } = z.object({ b3iq: Summary }).parse(chunks.at(-1)).b3iq
  expect(retries).toBe(1)
  expect(await wayOf(receipt_hash)).toMatchObject([
    { node_id: host.nodeId, outcome: 'connect_failed' },
    { outcome: 'served' },
  ])
  expect((await readAccount(stack, stack.customerKey)).held_usd).toBe('0')
}, 240_000)

test('a cancel by id ends a running stream within 2 s, and its host signs for what it said', async () => {
  const { data, response } = await openai()
    .chat.completions.create({ ...ask('to be cancelled', 400), stream: true })
    .withResponse()
  const requestId = response.headers.get('x-request-id') ?? ''
  const chunks = Array.fromAsync(data)
  await delay(500)
  const askedAtMs = Date.now()
  const told = await fetch(`${stack.ready.gatewayUrl}/v1/requests/${requestId}/cancel`, {
    method: 'POST',
    headers: { authorization: `Bearer ${stack.customerKey}` },
  })
  expect(await told.json()).toMatchObject({ status: 'cancelled', request_id: requestId })
  const last = (await chunks).at(-1)
  expect(Date.now() - askedAtMs).toBeLessThan(2_000)
  const Stopped = z.object({
    b3iq: z.object({
      stopped_by: z.string(),
      node_receipt_hash: z.string().nullable(),
      cost_usd: z.string(),
    }),
  })
  const { b3iq } = Stopped.parse(last)
  expect(b3iq.stopped_by).toBe('cancelled')
  expect(b3iq.node_receipt_hash).toMatch(/^[0-9a-f]{64}$/)
  expect(Number(b3iq.cost_usd)).toBeGreaterThan(0)
  expect((await readAccount(stack, stack.customerKey)).held_usd).toBe('0')
}, 60_000)
