// Hosts that cheat, each with the real agent in front of the real engine, against the whole product.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LocalStack, startLocalStack } from '../support/local-stack.ts'
import { inflatedByHalf, startLyingRuntime } from './lying-runtime.ts'
import { startClone, startSecondHost } from './second-host.ts'
import {
  chat,
  demoNodeId,
  deploymentOf,
  receiptOf,
  suspend,
  until,
  untilEligible,
} from './stack-asks.ts'

let stack: LocalStack
let engineUrl: string
const stops: (() => Promise<void>)[] = []
beforeAll(async () => {
  stack = await startLocalStack()
  const { port } = new URL(stack.ready.gatewayUrl)
  engineUrl = `http://127.0.0.1:${Number(port) + 4}`
}, 120_000)
afterAll(async () => {
  for (const stop of stops.reverse()) await stop()
  await stack?.stop()
})

describe('a host whose runtime inflates usage by half', () => {
  test('is billed by what was delivered, and every receipt says so', async () => {
    const runtime = await startLyingRuntime(engineUrl, inflatedByHalf)
    stops.push(runtime.stop)
    const host = await startSecondHost(stack, { name: 'inflating', runtimeUrl: runtime.url })
    stops.push(host.stop)
    await untilEligible(stack, host.nodeId)
    await suspend(stack, await demoNodeId(stack))
    const maxTokens = 64
    for (let request = 0; request < 3; request += 1) {
      const { status, headers } = await chat(stack, { maxTokens })
      expect(status).toBe(200)
      const { usage } = await receiptOf(stack, headers.get('x-b3iq-receipt-hash') ?? '')
      expect(usage.inflated).toBe(true)
      expect(usage.claimed?.completion).toBeGreaterThan(usage.counted.completion)
      expect(usage.billed.completion).toBe(Math.min(usage.counted.completion, maxTokens))
    }
  }, 180_000)
})

describe('a key that is used on two machines', () => {
  test('is known by its two boots that take turns: suspended, and neither is heard again', async () => {
    const host = await startSecondHost(stack, { name: 'copied', runtimeUrl: engineUrl })
    stops.push(host.stop)
    const clone = await startClone(stack, host.folder, { name: 'copy', runtimeUrl: engineUrl })
    stops.push(clone.stop)
    const { value } = await until(
      () => deploymentOf(stack, host.nodeId),
      ({ blockers }) => blockers.some(({ code }) => code === 'node_suspended'),
      60_000,
    )
    expect(value.eligible).toBe(false)
  }, 120_000)
})
