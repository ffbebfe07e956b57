import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatUsd } from '../../src/money/nano-usd.ts'
import { seenIn } from '../../src/reputation/events-of.ts'
import { counts, type Frame, finishes } from '../support/host-answers.ts'
import { smallCount } from '../support/small-tokenizer.ts'
import {
  claiming,
  pin,
  promptTokens,
  startTokenizerBench,
  type Terms,
  type TokenizerBench,
  textTokens,
} from './tokenizer-bench.ts'

let bench: TokenizerBench

beforeAll(async () => {
  bench = await startTokenizerBench()
})
afterAll(() => bench.stop())

const unkept = `sha256:${'f'.repeat(64)}`
const receiptOf: TokenizerBench['receiptOf'] = (...args) => bench.receiptOf(...args)

describe('a profile with a tokenizer', () => {
  test('is counted with it, however the text came, and an honest host is paid what it claims', async () => {
    const { usage } = await receiptOf(claiming(promptTokens, textTokens))
    const honest = { prompt: promptTokens, cached_prompt: 0, completion: textTokens }
    expect(usage).toEqual({
      claimed: honest,
      counted: honest,
      billed: honest,
      count_method: 'tokenizer',
      inflated: false,
    })
  })

  test('tells a claim of a tenth too much, which bytes do not', async () => {
    const lie = claiming(promptTokens, Math.ceil(textTokens * 1.1))
    const { usage } = await receiptOf(lie)
    expect(usage).toMatchObject({ billed: { completion: textTokens }, inflated: true })
    const byBytes = await receiptOf(lie, { counting: undefined })
    expect(byBytes.usage).toMatchObject({ count_method: 'bytes_ratio', inflated: false })
  })

  test('allows for the tokens of a stop string, which are made and cut off', async () => {
    const stop = 'nothing in the window but the light of the lamp'
    const cut = claiming(promptTokens, textTokens + smallCount(stop))
    expect((await receiptOf(cut, { ask: { stop } })).usage).toMatchObject({ inflated: false })
    expect((await receiptOf(cut, { ask: { stop: '.' } })).usage).toMatchObject({ inflated: true })
  })

  test('counts the reasoning, the refusal and the calls of every choice', async () => {
    const says = (delta: object, index = 0): Frame => ({ choices: [{ index, delta }] })
    const call = (name: string, json: string) => ({
      tool_calls: [{ index: 0, id: 'c1', type: 'function', function: { name, arguments: json } }],
    })
    const { usage } = await receiptOf(
      [
        says({ reasoning_content: 'the river' }),
        says({ content: 'the bridge' }),
        finishes(),
        says({ refusal: 'nothing' }, 1),
        says(call('cross', '{"bridge":"old"}'), 1),
        finishes('tool_calls', 1),
        counts(promptTokens, 30),
      ],
      { ask: { n: 2 } },
    )
    const frame = smallCount('{"name": "", "arguments": }')
    const texts = ['the river', 'the bridge', 'nothing', 'cross{"bridge":"old"}']
    const inTexts = texts.reduce((sum, one) => sum + smallCount(one), 0)
    expect(usage).toMatchObject({
      counted: { completion: inTexts + frame + 2 * pin.template_tokens_per_message },
      count_method: 'tokenizer',
    })
  })
})

describe('a host that claims half as much again', () => {
  const lie = claiming(Math.ceil(promptTokens * 1.5), Math.ceil(textTokens * 1.5))

  test.each([
    ['tokenizer', true],
    ['bytes_ratio', false],
  ])('is paid what was counted, and it shows: %s', async (method, isKept) => {
    const counting = isKept ? bench.tokenizers : undefined
    const { receipt, usage, nodeId } = await receiptOf(lie, { counting })
    expect(usage).toMatchObject({
      count_method: method,
      billed: { completion: textTokens },
      inflated: true,
    })
    // USD 1 and 2 a million.
    const charge = BigInt(usage.billed.prompt) * 1_000n + BigInt(usage.billed.completion) * 2_000n
    expect(receipt.body.charge.charge_usd).toBe(formatUsd(charge))
    const { request_id: holdId } = receipt.private
    const decision = { accountId: 'acct_1', holdId, nonce: 'n', charge, receipt }
    const seen = seenIn({ decisions: [decision], ownNodes: new Set<string>() }).get(nodeId)
    expect(seen?.events.map(({ reason }) => reason)).toEqual(['served', 'inflated_usage'])
  })
})

describe('bytes are counted, and nobody waits,', () => {
  const served = async (terms: Terms) => {
    const { usage } = await receiptOf(claiming(promptTokens, textTokens), terms)
    const counted = { completion: textTokens }
    expect(usage).toMatchObject({ count_method: 'bytes_ratio', counted, inflated: false })
  }

  test('where no artifacts are kept', () => served({ counting: undefined }))
  test('where this one is not kept', () => served({ digest: unkept }))
  test('while the tokenizer is being loaded', () =>
    served({ counting: { open: () => new Promise(() => undefined) } }))
})
