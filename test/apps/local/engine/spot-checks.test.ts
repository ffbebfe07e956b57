// Spot checks against a real llama.cpp: the honest host is never flagged, and what is served in the
// model's place is told by its first token. The thresholds in `src/spot-checks` come from here.

import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { renderChat } from '../../../../apps/local/engine/chat-template.ts'
import type { Engine } from '../../../../apps/local/engine/engine.ts'
import { startEngineServer } from '../../../../apps/local/engine/engine-server.ts'
import {
  type Comparison,
  compareFirstTokens,
  firstTokenOf,
  type TopToken,
} from '../../../../src/spot-checks/compare.ts'
import { makeReference, tauMin } from '../../../../src/spot-checks/make-reference.ts'
import { factAfter } from '../../../../src/spot-checks/policy.ts'
import { promptIdOf, type TrustedReading } from '../../../../src/spot-checks/reference.ts'
import { freshPrompt } from '../../../../src/spot-checks/wording.ts'
import { openVariant, type VariantName } from './variant-engines.ts'

const prompts = 125
const checksEach = 8

/** The same prompts in every run. */
const random = (() => {
  let state = 1
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
})()

const engines = new Map<VariantName, Engine>()
const engineOf = async (name: VariantName): Promise<Engine> => {
  const engine = engines.get(name) ?? (await openVariant(name))
  if (engine === undefined) throw new Error('llama.cpp has no binary here')
  engines.set(name, engine)
  return engine
}
afterAll(() => Promise.all([...engines.values()].map((engine) => engine.dispose())))

const firstToken = async (
  engine: Engine,
  messages: TrustedReading['messages'],
  sampling = { temperature: 0, topP: 0.95, seed: 1 },
): Promise<readonly TopToken[]> => {
  const prompt = renderChat(messages.map(({ role, content }) => ({ role, text: content })))
  const generation = { slot: 0, sampling, tokensMax: 1, topLogprobs: 5 }
  for await (const { reading } of engine.prompt(prompt).generate(generation)) {
    if (reading) return reading.top
  }
  throw new Error('The engine read nothing.')
}

const probe = await openVariant('honest')
if (probe) engines.set('honest', probe)
const made = probe
  ? await makeReference(
      (messages) => firstToken(probe, [...messages]),
      Array.from({ length: prompts }, () => freshPrompt(random)),
      2,
    )
  : undefined
const reference = made?.ok ? made : undefined

const checksOf = async (name: VariantName, readings = reference?.readings ?? []) => {
  const engine = await engineOf(name)
  const comparisons: Comparison[] = []
  for (const { messages, top } of readings) {
    comparisons.push(compareFirstTokens(top, await firstToken(engine, messages), tauMin))
  }
  return comparisons
}

const deltasOf = (comparisons: readonly Comparison[]): readonly number[] =>
  comparisons
    .flatMap((one) => (one.kind === 'inconclusive' ? [] : [one.meanDelta]))
    .toSorted((one, other) => one - other)

const spread = (deltas: readonly number[]): string =>
  [0, 0.5, 0.995, 1]
    .map((part) => deltas[Math.min(deltas.length - 1, Math.floor(part * deltas.length))] ?? NaN)
    .map((delta, index) => `${['min', 'median', 'p99.5', 'max'][index]} ${delta.toPrecision(3)}`)
    .join(', ')

describe.skipIf(probe === undefined)('a spot check', () => {
  it('takes its reference from a runner that agrees with itself', () => {
    expect(reference).toMatchObject({ noise: 0, tau: tauMin })
    expect(reference?.readings).toHaveLength(prompts)
  })

  it('never flags the honest host in 1,000 checks, however a request samples', async () => {
    const engine = await engineOf('honest')
    const comparisons: Comparison[] = []
    for (const { messages, top } of reference?.readings ?? []) {
      for (let check = 0; check < checksEach; check += 1) {
        const sampling = { temperature: check / 5, topP: 1 - check / 10, seed: check }
        comparisons.push(
          compareFirstTokens(top, await firstToken(engine, messages, sampling), tauMin),
        )
      }
    }
    const deltas = deltasOf(comparisons)
    console.log(`honest host, ${deltas.length} checks: ${spread(deltas)} nats`)
    expect(deltas).toHaveLength(1_000)
    expect(comparisons.filter(({ kind }) => kind !== 'pass')).toEqual([])
    // The margin is what other hardware may use up.
    expect(deltas.at(-1)).toBeLessThan(tauMin / 10)
  }, 60_000)

  it.each([
    ['otherWeights', 'other weights'],
    ['q8', 'Q8_0 in place of F32'],
  ] as const)('catches %s by every prompt (%s)', async (name, words) => {
    const comparisons = await checksOf(name)
    console.log(`${words}: ${spread(deltasOf(comparisons))} nats`)
    expect(comparisons.map(({ kind }) => kind)).toEqual(comparisons.map(() => 'fail'))
  })

  it('does not catch F16 in place of F32, which it is not meant to', async () => {
    const comparisons = await checksOf('f16')
    const deltas = deltasOf(comparisons)
    console.log(`F16 in place of F32: ${spread(deltas)} nats`)
    expect(comparisons.map(({ kind }) => kind)).toEqual(comparisons.map(() => 'pass'))
    // It shows all the same: an operator whose hosts run alike may ask for a lower threshold.
    expect(deltas[0]).toBeGreaterThan(1e-4)
  })

  it('condemns a cheat with its second question', async () => {
    const readings = (reference?.readings ?? []).slice(0, 2)
    const comparisons = await checksOf('q8', readings)
    const fact = comparisons.reduce<ReturnType<typeof factAfter> | undefined>(
      (before, comparison, index) =>
        factAfter(before, {
          atMs: index,
          promptId: promptIdOf(readings[index]?.messages ?? []),
          artifactDigest: `sha256:${'a'.repeat(64)}`,
          comparison,
        }),
      undefined,
    )
    expect(fact).toMatchObject({ failed: 2, condemned: { atMs: 1 } })
  })

  it('catches a host that passes requests on to a server of another model', async () => {
    const app = { alias: 'm', slots: 1, deferredMax: 4, tokenDelayMs: 0, port: 0 }
    const elsewhere = await startEngineServer(await engineOf('otherWeights'), app)
    const proxy = createServer(async (request, response) => {
      const body = await text(request)
      const url = `http://127.0.0.1:${elsewhere.port}${request.url}`
      const headers = { 'content-type': 'application/json' }
      const reply = await fetch(url, { method: 'POST', headers, body })
      response.end(await reply.text())
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    const address = z.object({ port: z.int() }).parse(proxy.address())
    try {
      const found: string[] = []
      for (const { messages, top } of (reference?.readings ?? []).slice(0, 10)) {
        const reply = await fetch(`http://127.0.0.1:${address.port}/v1/chat/completions`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ messages, max_tokens: 1, logprobs: true, top_logprobs: 5 }),
        })
        const Reply = z.object({ choices: z.tuple([z.object({ logprobs: z.unknown() })]) })
        const [choice] = Reply.parse(await reply.json()).choices
        found.push(compareFirstTokens(top, firstTokenOf(choice.logprobs), tauMin).kind)
      }
      expect(found).toEqual(found.map(() => 'fail'))
      expect(found).toHaveLength(10)
    } finally {
      proxy.close()
      await elsewhere.close(0)
    }
  })
})
