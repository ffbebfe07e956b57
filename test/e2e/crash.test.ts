/** Processes die with SIGKILL in the middle of a stream; money and customers come out right. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as z from 'zod'
import { type LocalStack, readAccount, startLocalStack } from '../support/local-stack.ts'

let stack: LocalStack

beforeAll(async () => {
  // A short life for requests and a slow engine: the crash falls into the stream.
  stack = await startLocalStack(['--deadline', '8000', '--margin', '1000', '--token-delay', '40'])
}, 120_000)
afterAll(() => stack?.stop())

const chat = (maxTokens: number) =>
  fetch(`${stack.ready.gatewayUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${stack.customerKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: stack.ready.model,
      messages: [{ role: 'user', content: 'Tell me a story.' }],
      max_tokens: maxTokens,
      stream: true,
    }),
  })

/** Reads until some content has arrived, then runs `then`, then reads on to the end. */
async function readStream(response: Response, then: () => void): Promise<string> {
  let text = ''
  let isDone = false
  const decoder = new TextDecoder()
  try {
    for await (const bytes of response.body ?? []) {
      text += decoder.decode(bytes, { stream: true })
      if (!isDone && text.split('"content":" ').length > 3) {
        isDone = true
        then()
      }
    }
  } catch {
    text += '\n(cut)'
  }
  return text
}

async function until<T>(read: () => Promise<T>, isRight: (value: T) => boolean, withinMs: number) {
  const untilMs = Date.now() + withinMs
  for (;;) {
    const value = await read().catch(() => undefined)
    if (value !== undefined && isRight(value)) return value
    if (Date.now() > untilMs) throw new Error(`not within ${withinMs} ms: ${JSON.stringify(value)}`)
    await delay(200)
  }
}

test('kill -9 of the gateway mid-stream: the hold is resolved, nothing is charged', async () => {
  const before = await readAccount(stack, stack.customerKey)
  const { gatewayPid } = await stack.readReady()
  const response = await chat(150)
  const holdId = response.headers.get('x-request-id') ?? ''
  const text = await readStream(response, () => process.kill(gatewayPid, 'SIGKILL'))
  expect(text).not.toContain('[DONE]')

  // The supervisor starts another gateway; until the lease ends the hold is visible to its owner.
  const held = await until(
    () => readAccount(stack, stack.customerKey),
    (account) => account.open_holds.length === 1,
    8_000,
  )
  expect(held.open_holds[0]?.request_id).toBe(holdId)
  const after = await until(
    () => readAccount(stack, stack.customerKey),
    (account) => account.open_holds.length === 0,
    30_000,
  )
  expect(after).toMatchObject({ available_usd: before.available_usd, held_usd: '0' })

  const Usage = z.object({
    data: z.array(z.object({ id: z.string(), status: z.string().nullable() })),
  })
  const usage = await fetch(`${stack.ready.gatewayUrl}/v1/billing/usage?limit=1`, {
    headers: { authorization: `Bearer ${stack.customerKey}` },
  })
  const [entry] = Usage.parse(await usage.json()).data
  expect(entry).toEqual({ id: holdId, status: 'expired' })
  expect((await stack.readReady()).gatewayPid).not.toBe(gatewayPid)
}, 60_000)

test('kill -9 of the host mid-stream: an error chunk, no [DONE], and the delivered part billed', async () => {
  const before = await readAccount(stack, stack.customerKey)
  const { hostPid } = await stack.readReady()
  const response = await until(
    () => chat(120),
    ({ status }) => status === 200,
    20_000,
  )
  const text = await readStream(response, () => process.kill(hostPid, 'SIGKILL'))
  expect(text).not.toContain('[DONE]')
  const frames = text.trim().split('\n\n')
  const last = z
    .object({
      choices: z.array(z.object({ finish_reason: z.string() })),
      error: z.object({ code: z.string() }),
      b3iq: z.object({ cost_usd: z.string() }),
    })
    .parse(JSON.parse(frames.at(-1)?.slice('data: '.length) ?? ''))
  expect(last.choices[0]?.finish_reason).toBe('error')
  expect(last.error.code).toBe('upstream_error')
  const after = await readAccount(stack, stack.customerKey)
  expect(after.held_usd).toBe('0')
  expect(Number(last.b3iq.cost_usd)).toBeGreaterThan(0)
  expect(Number(after.spent_usd)).toBeGreaterThan(Number(before.spent_usd))

  // The agent comes back by itself, and with it the model.
  await until(
    () => chat(4),
    ({ status }) => status === 200,
    40_000,
  )
}, 80_000)
