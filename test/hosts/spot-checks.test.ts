/**
 * Log-probabilities through the running product: a customer gets the model's own when it asks and nothing
 * when it does not, and the stack's host passes a spot check that the platform pays for.
 */
import { execFile } from 'node:child_process'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import OpenAI from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as z from 'zod'
import { type LocalStack, startLocalStack } from '../support/local-stack.ts'

let stack: LocalStack
beforeAll(async () => {
  stack = await startLocalStack()
}, 120_000)
afterAll(() => stack?.stop())

const messages = [{ role: 'user' as const, content: 'Which way to the harbour?' }]
const script = new URL('../../scripts/spot-check-reference.ts', import.meta.url).pathname

test('a customer who asks for log-probabilities gets them, in a stream and out of one', async () => {
  const { gatewayUrl, model } = stack.ready
  const client = new OpenAI({ baseURL: `${gatewayUrl}/v1`, apiKey: stack.customerKey })
  const asked = { model, messages, max_tokens: 4, temperature: 0 }
  const logprobs = { logprobs: true, top_logprobs: 3 }
  const whole = await client.chat.completions.create({ ...asked, ...logprobs })
  const shown = whole.choices[0]?.logprobs?.content ?? []
  expect(shown.map(({ token }) => token).join('')).toBe(whole.choices[0]?.message.content)
  expect(shown.map((one) => one.top_logprobs.length)).toEqual([3, 3, 3, 3])

  const stream = await client.chat.completions.create({ ...asked, ...logprobs, stream: true })
  const streamed: unknown[] = []
  for await (const chunk of stream) streamed.push(...(chunk.choices[0]?.logprobs?.content ?? []))
  expect(streamed).toEqual(shown)

  const plain = await client.chat.completions.create(asked)
  expect(plain.choices[0]?.logprobs).toBeNull()
  expect(plain.choices[0]?.message.content).toBe(whole.choices[0]?.message.content)
})

const Deployments = z.object({
  data: z.tuple([
    z.object({
      profile_id: z.string(),
      runtime_kind: z.string(),
      spot_checks: z.object({ passed: z.int(), failed: z.int() }).nullable(),
    }),
  ]),
})

test('the host passes its spot check, once there is a reference', { timeout: 60_000 }, async () => {
  const { adminUrl, gatewayUrl, adminKeyFile } = stack.ready
  const deployment = async () =>
    (await stack.admin.send('GET', '/admin/deployments', undefined, Deployments)).data[0]
  const { profile_id, runtime_kind } = await deployment()
  const engine = new URL(gatewayUrl)
  engine.port = String(Number(engine.port) + 4)
  const options = {
    profile: profile_id,
    endpoint: engine.origin,
    'runtime-kind': runtime_kind,
    'runtime-version': '*',
    admin: adminUrl,
    'operator-key-file': adminKeyFile,
    prompts: '20',
  }
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...args], {
    cwd: dirname(script),
  })
  expect(JSON.parse(stdout)).toMatchObject({ prompts: 20, noise: 0 })
  for (;;) {
    const { spot_checks: checks } = await deployment()
    if (checks && checks.passed > 0) {
      expect(checks.failed).toBe(0)
      return
    }
    await delay(500)
  }
})
