// How far the ramp climbs, over a session whose host answers by a table.
import { expect, test } from 'vitest'
import { deployedBudget } from '../../src/benchmark/budget.ts'
import type { Outcome } from '../../src/benchmark/exchange.ts'
import { climb } from '../../src/benchmark/ramp.ts'
import type { Session, SessionOutcome } from '../../src/benchmark/session.ts'
import { aCandidate } from '../adapters/dynamodb/facts.ts'
import { modelOnSale } from '../support/model-on-sale.ts'
import { anAnswer } from './answers.ts'

type Level = {
  /** To the first content of the slowest request. */
  readonly firstContentMs?: number
  /** From the first request to the end of the last. */
  readonly lastsMs: number
  readonly refuses?: 'busy' | 'timed_out' | 'unasked'
}

/** What each level of concurrency meets, in order. */
async function climbOver(...levels: readonly Level[]) {
  const model = { ...modelOnSale('maker/model'), version: 1 }
  const [manifest] = model.profiles
  if (!manifest) throw new Error('the model has a build')
  let level = 0
  let asked = 0
  let elapsedMs = 0

  const ask = async (): Promise<SessionOutcome> => {
    const at = levels[level]
    if (!at) throw new Error(`level ${2 ** level} is not in the table`)
    asked += 1
    const isLast = asked === 2 ** level
    await Promise.resolve()
    if (isLast) {
      elapsedMs += at.lastsMs
      asked = 0
      level += 1
    }
    if (isLast && at.refuses === 'unasked') return { kind: 'unasked' }
    return outcomeOf(at, isLast)
  }
  const session: Session = {
    budget: deployedBudget,
    limits: { contextTokens: 32_768, outputTokensMax: 8_192 },
    target: { candidate: aCandidate(), model, manifest },
    random: () => 0.5,
    pause: async () => undefined,
    elapsedMs: () => elapsedMs,
    isOver: () => elapsedMs > 60_000,
    tokensLeft: () => 30_000,
    longestPrompt: () => 0,
    prompt: () => ({ model: model.id, messages: [{ role: 'user', content: 'x' }] }),
    ask,
  }
  const { answers, ...ramp } = await climb(session)
  return { ...ramp, answers: answers.length, tried: level }
}

function outcomeOf({ firstContentMs = 100, refuses }: Level, isLast: boolean): Outcome {
  if (isLast && (refuses === 'busy' || refuses === 'timed_out')) {
    return { kind: 'failed', reason: refuses, firstContentMs: undefined, completionTokens: 0 }
  }
  return anAnswer({ firstContentMs: isLast ? firstContentMs : 10 })
}

const second = { lastsMs: 1_000 }
const late = { lastsMs: 1_000, firstContentMs: deployedBudget.firstContentTargetMs + 1 }

test('the ramp climbs to its bound while each step brings more text, in time', async () => {
  const ramp = await climbOver(second, second, second, second, second)
  expect(ramp).toMatchObject({ concurrencyAtTarget: 16, answers: 31, failures: 0 })
})

test('it ends where the first content comes too late for its slowest twentieth', async () => {
  const ramp = await climbOver(second, second, late)
  expect(ramp).toMatchObject({ concurrencyAtTarget: 2, concurrencyTaken: 4, answers: 3, tried: 3 })
})

test('one request at a time may be too many', async () => {
  expect(await climbOver(late)).toMatchObject({ concurrencyAtTarget: 0, answers: 0 })
})

test('it ends where twice the requests bring less than a twentieth more text', async () => {
  const [more, hardly] = [{ lastsMs: 1_900 }, { lastsMs: 1_910 }]
  expect((await climbOver(second, more, { lastsMs: 4_000 })).tried).toBe(3)
  expect(await climbOver(second, hardly)).toMatchObject({ concurrencyAtTarget: 2, tried: 2 })
})

test('it ends where the node says that it is full, which is no failure', async () => {
  const full = { lastsMs: 10, refuses: 'busy' } as const
  const ramp = await climbOver(second, second, full)
  expect(ramp).toMatchObject({ concurrencyAtTarget: 2, concurrencyTaken: 2, failures: 0 })
})

test('it ends at a step that fails, and counts what failed', async () => {
  const broken = { lastsMs: 10, refuses: 'timed_out' } as const
  expect(await climbOver(second, broken)).toMatchObject({ concurrencyAtTarget: 1, failures: 1 })
})

test.each([
  ['its tokens are spent', { lastsMs: 10, refuses: 'unasked' } as const],
  ['its time is over', { lastsMs: 61_000 }],
])('it ends where %s', async (_, last) => {
  expect((await climbOver(second, last)).tried).toBe(2)
})
