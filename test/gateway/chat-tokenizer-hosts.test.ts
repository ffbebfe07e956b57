/** When a tokenizer is loaded, and what is counted with it where several hosts are asked. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sleep } from '../../src/adapters/system.ts'
import type { Tokenizers } from '../../src/metering/tokenizer-cache.ts'
import { errorOf } from '../support/chat-client.ts'
import type { BenchChanges } from '../support/gateway-bench.ts'
import { answers, refuses, says } from '../support/host-answers.ts'
import {
  claiming,
  pin,
  promptTokens,
  question,
  startTokenizerBench,
  type TokenizerBench,
  text,
  textTokens,
} from './tokenizer-bench.ts'

let bench: TokenizerBench

beforeAll(async () => {
  bench = await startTokenizerBench()
})
afterAll(() => bench.stop())

const served = claiming(promptTokens, textTokens)

describe('a tokenizer that is not there', () => {
  /** What was done, in order, by a process that has served nothing yet. */
  function makeColdStart() {
    const done: string[] = []
    const cold = bench.coldTokenizers()
    const counting: Tokenizers = {
      open: (digest) => {
        done.push('open')
        return cold.open(digest)
      },
    }
    const changes: BenchChanges = {
      startAttempt: (order) => {
        done.push('dial')
        return bench.deps.startAttempt(order)
      },
    }
    return { done, cold, counting, changes }
  }

  test('is loaded from before its first request dials a host, and counts a later one', async () => {
    const { done, cold, counting, changes } = makeColdStart()
    await bench.receiptOf(served, { counting, changes })
    expect(done).toEqual(['open', 'dial'])
    await cold.open(pin.digest)
    const { usage } = await bench.receiptOf(served, { counting })
    expect(usage.count_method).toBe('tokenizer')
  })

  test('is not loaded for who cannot pay', async () => {
    const { done, counting, changes } = makeColdStart()
    const { response } = await bench.askOf([answers({})], {
      counting,
      changes,
      balanceUsd: '0.000001',
    })
    expect((await errorOf(response)).status).toBe(402)
    expect(done).toEqual([])
  })
})

describe('over several hosts', () => {
  /** What is counted, from the dial of this one on. */
  function makeWatched(fromDial: number) {
    const counted: string[] = []
    const { promise: mayOpen, resolve } = Promise.withResolvers<void>()
    let dials = 0
    const counting: Tokenizers = {
      open: async (digest) => {
        await mayOpen
        const count = await bench.tokenizers.open(digest)
        return async (texts) => {
          counted.push(texts.join(''))
          return count?.(texts)
        }
      },
    }
    const changes: BenchChanges = {
      startAttempt: (order) => {
        dials += 1
        if (dials === fromDial) resolve()
        return bench.deps.startAttempt(order)
      },
    }
    return { counted, resolve, terms: { counting, changes } }
  }

  test('the prompt is counted once', async () => {
    const { counted, terms } = makeWatched(1)
    const before = [refuses(500), answers({ end: 'cut' })]
    const { receipt, usage } = await bench.receiptOf(served, { ...terms, before })
    expect(receipt.private.attempts).toHaveLength(3)
    expect(usage).toMatchObject({ count_method: 'tokenizer', counted: { prompt: promptTokens } })
    expect(counted).toEqual([question, text])
  })

  test('an answer that was withdrawn is not counted any more', async () => {
    const { counted, terms } = makeWatched(2)
    const before = [answers({ frames: [says('x'.repeat(10_000))], end: 'cut' })]
    await bench.receiptOf(served, { ...terms, before })
    expect(counted).toEqual([question, text])
  })

  test('nothing is counted any more when none could answer', async () => {
    const { counted, resolve, terms } = makeWatched(0)
    const { response } = await bench.askOf([refuses(500)], terms)
    expect((await errorOf(response)).status).toBe(502)
    resolve()
    await sleep(0)
    expect(counted).toEqual([])
  })
})
