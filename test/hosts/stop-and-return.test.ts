// A host freezes, as a gaming PC that goes to sleep: it leaves the market by itself, customers hear
// precisely why nobody serves them, and it comes back by itself.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type LocalStack, startLocalStack } from '../support/local-stack.ts'
import { chat, modelIds, refusal, until } from './stack-asks.ts'

let stack: LocalStack
beforeAll(async () => {
  stack = await startLocalStack()
}, 120_000)
afterAll(() => stack?.stop())

test('a silent host leaves within 75 s, chat names the reason, and waking up is enough', async () => {
  const { hostPid, model } = await stack.readReady()
  process.kill(hostPid, 'SIGSTOP')
  try {
    const isGone = (ids: readonly string[]) => !ids.includes(model)
    const gone = await until(() => modelIds(stack), isGone, 75_000)
    console.info(`left /v1/models after ${(gone.tookMs / 1000).toFixed(1)} s`)
    // Its route fails first; from 60 s on its silence is a reason, too.
    const names = await until(
      () => refusal(stack),
      ({ excludedBy }) => excludedBy.includes('heartbeat_stale'),
      75_000 - gone.tookMs,
    )
    expect(names.value).toMatchObject({ status: 503, code: 'no_eligible_host' })
  } finally {
    process.kill(hostPid, 'SIGCONT')
  }
  const back = await until(
    () => modelIds(stack),
    (ids) => ids.includes(model),
    60_000,
  )
  console.info(`came back after ${(back.tookMs / 1000).toFixed(1)} s`)
  expect((await chat(stack)).status).toBe(200)
}, 180_000)
