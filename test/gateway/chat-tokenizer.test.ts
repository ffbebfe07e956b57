import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  artifactFileName,
  makeArtifactFolder,
} from '../../src/adapters/artifacts/artifact-folder.ts'
import { makeTokenizerThread } from '../../src/adapters/artifacts/tokenizer-thread.ts'
import { nowMs, sleep } from '../../src/adapters/system.ts'
import { makeTokenizers, type Tokenizers } from '../../src/metering/tokenizer-cache.ts'
import { countedWithinMs } from '../../src/metering/tokenizer-count.ts'
import { formatUsd } from '../../src/money/nano-usd.ts'
import type { Sleep } from '../../src/protocol/clock.ts'
import { seenIn } from '../../src/reputation/events-of.ts'
import { askChat, completionOf } from '../support/chat-client.ts'
import { type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { answers, counts, type Frame, finishes, says } from '../support/host-answers.ts'
import { modelOnSale } from '../support/model-on-sale.ts'
import { smallCount, smallTokenizer, smallTokenizerDigest } from '../support/small-tokenizer.ts'

const pin = {
  digest: smallTokenizerDigest,
  template_tokens_per_message: 4,
  template_tokens: 3,
  band: 0,
}
const unkept = `sha256:${'f'.repeat(64)}`
const question = 'the keeper of the garden counted the apples'
const promptTokens = smallCount(question) + 4 + 3
const text = ' the story of the river and the old stone bridge'.repeat(20)
const textTokens = smallCount(text)
/** Bytes tell as many tokens of this text, but are believed within a quarter. */
const bytes_per_token = {
  prompt: { mean: 4, band: 0.25 },
  completion: { mean: Buffer.byteLength(text) / textTokens, band: 0.25 },
}

let bench: GatewayBench
let tokenizers: Tokenizers
const thread = makeTokenizerThread()
const watched = { nowMs, onFailure: () => undefined }
const folder = await mkdtemp(join(tmpdir(), 'b3iq-artifacts-'))

beforeAll(async () => {
  bench = await startGatewayBench()
  await writeFile(join(folder, artifactFileName(smallTokenizerDigest)), smallTokenizer)
  tokenizers = makeTokenizers({
    ...makeArtifactFolder(folder),
    runner: thread,
    ...watched,
  })
  // As in a process that has served this model before.
  await tokenizers.open(smallTokenizerDigest)
})
afterAll(async () => {
  await bench.stop()
  await thread.stop()
  await rm(folder, { recursive: true })
})

/** A busy machine is given its time to count. */
const patient: Sleep = (durationMs, signal) =>
  sleep(durationMs === countedWithinMs ? 60_000 : durationMs, signal)

type Terms = {
  readonly digest?: string
  readonly counting?: Tokenizers | undefined
  readonly ask?: object
}

/** One question to a host that says this, and what stands in the ledger of it. */
async function receiptOf(frames: readonly Frame[], terms: Terms = {}) {
  const { digest = pin.digest, ask = {} } = terms
  const [build] = modelOnSale('maker/small').profiles
  if (!build) throw new Error('the model has a build')
  const { model, host } = await bench.sale([answers({ frames })], {
    model: { profiles: [{ ...build, bytes_per_token, tokenizer: { ...pin, digest } }] },
    host: { profileId: build.profile_id },
  })
  const customer = await bench.customer()
  const counting = 'counting' in terms ? terms.counting : tokenizers
  const app = bench.appOf({ tokenizers: counting, sleep: patient })
  const messages = [{ role: 'user', content: question }]
  await completionOf(await askChat(app, customer, { model: model.id, messages, ...ask }))
  const receipt = await bench.onlyReceipt(customer)
  if (!receipt.body.served) throw new Error('nothing was served')
  return { receipt, usage: receipt.body.served.usage, nodeId: host.nodeId }
}

const claiming = (prompt: number, completion: number): readonly Frame[] => [
  ...(text.match(/.{1,11}/g)?.map((part) => says(part)) ?? []),
  finishes(),
  counts(prompt, completion),
]

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
    const counting = isKept ? tokenizers : undefined
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

test('the first request has its tokenizer loaded, and a later one is counted with it', async () => {
  const opened: string[] = []
  const cold = makeTokenizers({ ...makeArtifactFolder(folder), runner: thread, ...watched })
  const counting: Tokenizers = {
    open: (digest) => {
      opened.push(digest)
      return cold.open(digest)
    },
  }
  await receiptOf(claiming(promptTokens, textTokens), { counting })
  expect(new Set(opened)).toEqual(new Set([pin.digest]))
  await cold.open(pin.digest)
  const { usage } = await receiptOf(claiming(promptTokens, textTokens), { counting })
  expect(usage.count_method).toBe('tokenizer')
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
