/**
 * Log-probabilities through the running product: a customer gets the model's own when it asks and nothing
 * when it does not, and the stack's host passes a spot check that the platform pays for.
 */
import OpenAI from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type LocalStack, startLocalStack } from '../support/local-stack.ts'
import { makeReference } from './reference.ts'
import { demoNodeId, deploymentOf, until } from './stack-asks.ts'

let stack: LocalStack
beforeAll(async () => {
  stack = await startLocalStack()
}, 120_000)
afterAll(() => stack?.stop())

const messages = [{ role: 'user' as const, content: 'Which way to the harbour?' }]

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

test('the host passes its spot check, once there is a reference', { timeout: 90_000 }, async () => {
  const nodeId = await demoNodeId(stack)
  const { profile_id: profileId } = await deploymentOf(stack, nodeId)
  const engine = new URL(stack.ready.gatewayUrl)
  engine.port = String(Number(engine.port) + 4)
  const made = await makeReference(stack, { profileId, endpoint: engine.origin })
  expect(made).toMatchObject({ prompts: 20, noise: 0 })
  const { value } = await until(
    () => deploymentOf(stack, nodeId),
    ({ spot_checks: checks }) => (checks?.passed ?? 0) > 0,
    60_000,
  )
  expect(value.spot_checks?.failed).toBe(0)
})
