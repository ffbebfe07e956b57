// The reader of llama.cpp before the engine that the project ships, idle and at work.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { makeManualClock } from '../support/manual-clock.ts'
import { startShippedEngine } from '../support/shipped-engine.ts'
import { makeMonitor } from '../support/watch.ts'

async function ask(url: string): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'demo',
      messages: [{ role: 'user', content: 'Tell of the sea.' }],
      max_tokens: 400,
      temperature: 0,
      stream: true,
    }),
  })
}

/** Waits until the engine has made a token after this call. */
async function nextToken(url: string): Promise<void> {
  const predicted = async () =>
    /tokens_predicted_total (\d+)/.exec(await (await fetch(`${url}/metrics`)).text())?.[1]
  const before = await predicted()
  while ((await predicted()) === before) await sleep(10)
}

it('the shipped engine is read with its model, its load and its progress', async () => {
  const engine = await startShippedEngine(['--slots', '2', '--token-delay-ms', '20'])
  const clock = makeManualClock(0)
  const monitor = makeMonitor([engine.url], { clock })
  await monitor.pollOnce()
  const queue = { source: 'runtime', capacity: 2, waiting: 0 }
  expect(monitor.reports()[0]).toMatchObject({
    kind: 'llamacpp',
    reachable: true,
    loaded: ['demo'],
    queue: { ...queue, running: 0, health: 'ok' },
  })
  expect(monitor.models()).toMatchObject([
    {
      local_name: 'demo',
      artifact: engine.isInference ? { digest: engine.digest, quantization: 'F32' } : {},
    },
  ])

  // Both stop when the test ends, with the engine.
  const replies = await Promise.all([ask(engine.url), ask(engine.url)])
  const readers = replies.map(({ body }) => body?.getReader())
  await Promise.all(readers.map((reader) => reader?.read()))
  for (const _ of [1, 2, 3]) {
    // Half a minute to the monitor, some tokens to the engine.
    clock.advance(31_000)
    await nextToken(engine.url)
    await monitor.pollOnce()
    expect(monitor.reports()[0]?.queue).toMatchObject({ ...queue, running: 2, health: 'busy' })
  }
  await Promise.all(readers.map((reader) => reader?.cancel()))
})
