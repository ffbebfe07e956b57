// What a benchmark sees of a host that can everything, and of hosts that lack or fake one thing.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Capabilities } from '../../src/fleet/node.ts'
import { aBeat } from '../adapters/dynamodb/facts.ts'
import { busy, streams } from '../support/host-answers.ts'
import { ableScript, type Skills } from './able-host.ts'
import { type MeasuredHosts, startMeasuredHosts } from './measured-host.ts'

let hosts: MeasuredHosts
beforeAll(async () => {
  hosts = await startMeasuredHosts()
})
afterAll(() => hosts.stop())

async function observed(changes: Partial<Skills> = {}) {
  const host = await hosts.enrolled(busy)
  host.always(ableScript(host, changes))
  const { benchmark, unmeasured } = await hosts.run(host)
  if (!benchmark) throw new Error(`no evidence: ${JSON.stringify(unmeasured)}`)
  return { host, benchmark }
}

/** A millisecond a token, with room for timers that are early. */
const fastest = 2_000

const everything: Omit<Capabilities, 'contextTokens'> = {
  streaming: true,
  usage: true,
  stop: true,
  abort: true,
  tools: true,
  jsonSchema: true,
  logprobs: true,
  vision: true,
}

describe('of a host that', () => {
  test('can everything, all of it is seen', async () => {
    const { benchmark, host } = await observed()
    expect(benchmark.capabilities).toMatchObject(everything)
    expect(benchmark).toMatchObject({ concurrencyAtTarget: 2, errorRate: 0 })
    // The long prompt took what was left of the budget.
    expect(benchmark.capabilities.contextTokens).toBeGreaterThan(1_000)
    expect(benchmark.countRatio).toBeCloseTo(1, 1)
    expect(benchmark.tokensPerSecondP50).toBeGreaterThan(0)
    expect(benchmark.tokensPerSecondP50).toBeLessThan(fastest)
    const prompts = host.dispatches.map(({ body }) => JSON.stringify(body.messages))
    expect(new Set(prompts).size).toBe(prompts.length)
  })

  test.each(
    (['stop', 'abort', 'tools', 'jsonSchema', 'logprobs', 'vision', 'usage'] as const).map(
      (name) => [name],
    ),
  )('lacks %s, that alone is missed', async (name) => {
    const { benchmark } = await observed({ [name]: false, capacity: 2 })
    expect(benchmark.capabilities).toMatchObject({ ...everything, [name]: false })
  })

  test('sends its answers whole, it can neither be seen to stream nor be cut', async () => {
    const { benchmark } = await observed({ streaming: false })
    const missed = { streaming: false, abort: false }
    expect(benchmark.capabilities).toMatchObject({ ...everything, ...missed })
  })

  test('has one slot, its own signed word ends the ramp without counting as an error', async () => {
    const { benchmark } = await observed({ capacity: 1 })
    expect(benchmark).toMatchObject({ concurrencyAtTarget: 1, errorRate: 0 })
    expect(benchmark.capabilities.abort).toBe(true)
  })
})

describe('a host that cheats', () => {
  test('with every colour that the question names has not seen the picture', async () => {
    const { benchmark } = await observed({ vision: 'echoes' })
    expect(benchmark.capabilities.vision).toBe(false)
  })

  test('with answers stored by prompt never hears a prompt twice', async () => {
    const host = await hosts.enrolled(busy)
    const honest = ableScript(host)
    const stored = new Set<string>()
    let hits = 0
    host.always(async (turn) => {
      const prompt = JSON.stringify(host.lastDispatch().body.messages)
      if (stored.has(prompt)) hits += 1
      stored.add(prompt)
      await (stored.has(prompt) && hits > 0 ? streams(['Hello']) : honest)(turn)
    })
    await hosts.run(host)
    const asked = stored.size
    const beat = aBeat(host.nodeId, { seq: Date.now(), factsDigest: 'e'.repeat(64) })
    await hosts.bench.fleet.recordBeat({ ...beat, beatAtMs: Date.now() })
    await hosts.run(host)
    expect(stored.size).toBeGreaterThan(asked)
    expect(hits).toBe(0)
  })

  test('with tokens that it never made shows in the ratio of claims and counts', async () => {
    const { benchmark } = await observed({ inflation: 3 })
    expect(benchmark.countRatio).toBeGreaterThan(2.5)
  })

  test('with text held back until the end wins no speed by it', async () => {
    const { benchmark } = await observed({ streaming: false })
    expect(benchmark.tokensPerSecondP50).toBeLessThan(fastest)
  })
})

test('a build that takes no images is never sent one, and nothing is known of its eyes', async () => {
  await hosts.sell(undefined)
  const { benchmark, host } = await observed()
  await hosts.sell(100)
  expect(benchmark.capabilities).not.toHaveProperty('vision')
  expect(JSON.stringify(host.dispatches.map(({ body }) => body))).not.toContain('image_url')
})
