// No run asks for more than its budget, whatever the host does with what it is asked.
import { describe, expect, test } from 'vitest'
import { ids, nowMs, sleep } from '../../src/adapters/system.ts'
import type { BenchmarkBudget } from '../../src/benchmark/budget.ts'
import type { Dispatch } from '../../src/benchmark/exchange.ts'
import { openSession } from '../../src/benchmark/session.ts'
import { aCandidate } from '../adapters/dynamodb/facts.ts'
import { modelOnSale } from '../support/model-on-sale.ts'
import { smallBudget } from './small-budget.ts'

/** Four bytes a token. */
function sessionOver(dispatch: Dispatch, changes: Partial<BenchmarkBudget> = {}) {
  const model = { ...modelOnSale('maker/model'), version: 1 }
  const [manifest] = model.profiles
  if (!manifest) throw new Error('the model has a build')
  const target = {
    candidate: aCandidate(),
    model,
    manifest: { ...manifest, image_tokens_max: 500 },
  }
  const budget = { ...smallBudget, ...changes }
  return openSession({ dispatch, ids, nowMs, sleep, random: () => 0.5 }, target, budget)
}

const says = (text: string) => ({
  kind: 'chunk' as const,
  chunk: { choices: [{ index: 0, delta: { content: text } }] },
})
const refusing =
  (reason: 'busy' | 'connect_failed' | 'refused'): Dispatch =>
  async () => ({ kind: 'failed', reason })
/** Forty bytes, which are ten tokens, and no claim for them. */
const saying: Dispatch = async (_target, _order, seer) => {
  seer.begins()
  seer.see(says('x'.repeat(40)))
  return { kind: 'over', ticketHash: 'a'.repeat(64) }
}

describe('a request costs', () => {
  test('what came, and what was asked', async () => {
    const session = sessionOver(saying)
    await session.ask(session.prompt(100, 'Go on.'), { maxTokens: 32 })
    const spent = smallBudget.tokensMax - session.tokensLeft()
    expect(spent).toBeGreaterThan(95 + 10)
    expect(spent).toBeLessThanOrEqual(100 + 10)
  })

  test('what its images may take at the most', async () => {
    const session = sessionOver(saying)
    const url = 'data:image/png;base64,AAAA'
    const content = [{ type: 'image_url' as const, image_url: { url } }]
    const request = { model: 'maker/model', messages: [{ role: 'user' as const, content }] }
    await session.ask(request, { maxTokens: 32 })
    // The template's own share of the prompt, and ten tokens that came.
    expect(smallBudget.tokensMax - session.tokensLeft()).toBe(500 + 4 + 10)
  })

  test.each(['busy', 'connect_failed'] as const)('nothing when it was %s', async (reason) => {
    const session = sessionOver(refusing(reason))
    await session.ask(session.prompt(100, 'Go on.'), { maxTokens: 32, patience: 0 })
    expect(session.tokensLeft()).toBe(smallBudget.tokensMax)
  })
})

describe('nothing is asked', () => {
  test('that the tokens which are left could not pay for', async () => {
    let asked = 0
    const session = sessionOver(async (...order) => {
      asked += 1
      return saying(...order)
    })
    for (let run = 0; run < 100; run += 1) {
      await session.ask(session.prompt(200, 'Go on.'), { maxTokens: 1_000 })
    }
    expect(session.tokensLeft()).toBeGreaterThanOrEqual(0)
    expect(session.tokensLeft()).toBeLessThan(1_200)
    expect(asked).toBeLessThan(20)
  })

  test('of a run whose requests at a time would cost more than is left', async () => {
    const session = sessionOver(saying, { tokensMax: 1_000 })
    const asking = () => session.ask(session.prompt(100, 'Go on.'), { maxTokens: 300 })
    const outcomes = await Promise.all([asking(), asking(), asking()])
    expect(outcomes.filter(({ kind }) => kind === 'unasked')).toHaveLength(1)
  })

  test('when the time is over', async () => {
    const session = sessionOver(saying, { durationMs: 20 })
    await sleep(40)
    const outcome = await session.ask(session.prompt(100, 'Go on.'), { maxTokens: 8 })
    expect(outcome).toEqual({ kind: 'unasked' })
    expect(session.isOver('ramp')).toBe(true)
  })
})

test('a host that is busy is asked again, a few times', async () => {
  let asked = 0
  const session = sessionOver(
    async () => {
      asked += 1
      return { kind: 'failed', reason: 'busy' }
    },
    { pauseMs: 1 },
  )
  const outcome = await session.ask(session.prompt(10, 'Go on.'), { maxTokens: 8 })
  expect(outcome).toMatchObject({ kind: 'failed', reason: 'busy' })
  expect(asked).toBe(4)
})
