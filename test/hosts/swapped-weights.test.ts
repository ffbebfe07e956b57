// A host that serves other weights than it says, with the real agent in front of the real engine.
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type HostsStack, startHostsStack } from './hosts-stack.ts'
import { claimsFile, startLyingRuntime } from './lying-runtime.ts'
import { startOtherWeights } from './other-weights.ts'
import { makeReference } from './reference.ts'
import { startSecondHost } from './second-host.ts'
import { demoNodeId, deploymentOf, until, untilEligible } from './stack-asks.ts'

let stack: HostsStack
beforeAll(async () => {
  stack = await startHostsStack()
}, 120_000)
afterAll(() => stack?.stop())

test('a host that serves other weights is caught by spot checks: condemned, and no longer eligible', async () => {
  const honest = await deploymentOf(stack, await demoNodeId(stack))
  await makeReference(stack, { profileId: honest.profile_id, endpoint: stack.engineUrl })
  const engine = await startOtherWeights(stack.dataDir)
  const runtime = await startLyingRuntime(engine.url, claimsFile(join(stack.dataDir, 'demo.gguf')))
  stack.stopFirst(engine.stop, runtime.stop)
  const host = await startSecondHost(stack, { name: 'swapped', runtimeUrl: runtime.url })
  stack.stopFirst(host.stop)
  await untilEligible(stack, host.nodeId)
  // A failure is looked into after two minutes at the latest; the second one is the verdict.
  const { value, tookMs } = await until(
    () => deploymentOf(stack, host.nodeId),
    ({ blockers }) => blockers.some(({ code }) => code === 'spot_checks_failed'),
    300_000,
  )
  console.info(`condemned ${(tookMs / 1000).toFixed(0)} s after it became eligible`)
  expect(value).toMatchObject({ eligible: false, spot_checks: { passed: 0, failed: 2 } })
}, 480_000)
