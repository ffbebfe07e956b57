// Hosts that cheat, each with the real agent in front of the real engine, against the whole product.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type HostsStack, startHostsStack } from './hosts-stack.ts'
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

let stack: HostsStack
beforeAll(async () => {
  stack = await startHostsStack()
}, 120_000)
afterAll(() => stack?.stop())

describe('a host whose runtime inflates usage by half', () => {
  test('is billed by what was delivered, and every receipt says so', async () => {
    const runtime = await startLyingRuntime(stack.engineUrl, inflatedByHalf)
    stack.stopFirst(runtime.stop)
    const host = await startSecondHost(stack, { name: 'inflating', runtimeUrl: runtime.url })
    stack.stopFirst(host.stop)
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
  test('is known by its two boots that take turns: suspended, and no longer eligible', async () => {
    const host = await startSecondHost(stack, { name: 'copied', runtimeUrl: stack.engineUrl })
    stack.stopFirst(host.stop)
    const clone = await startClone(stack, host.folder, {
      name: 'copy',
      runtimeUrl: stack.engineUrl,
    })
    stack.stopFirst(clone.stop)
    const { value } = await until(
      () => deploymentOf(stack, host.nodeId),
      ({ blockers }) => blockers.some(({ code }) => code === 'node_suspended'),
      60_000,
    )
    expect(value.eligible).toBe(false)
  }, 120_000)
})
