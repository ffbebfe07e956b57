// What a customer may ask for, on the wire: fields, images and choices, and what they are billed.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseUsd } from '../../src/money/nano-usd.ts'
import { dataUri, png } from '../metering/pictures.ts'
import { askChat, chatPath, chatRequest, completionOf, errorOf } from '../support/chat-client.ts'
import { type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { answers, counts, finishes, type Script, says, streams } from '../support/host-answers.ts'
import { modelOnSale } from '../support/model-on-sale.ts'

let bench: GatewayBench

beforeAll(async () => {
  bench = await startGatewayBench()
})
afterAll(() => bench.stop())

async function ask(
  script: Script,
  body: object,
  changes: Parameters<GatewayBench['sale']>[1] = {},
) {
  const { model, host } = await bench.sale([script], changes)
  const customer = await bench.customer()
  const response = await askChat(bench.appOf(), customer, { model: model.id, ...body })
  return { response, customer, host }
}

describe('a parameter that cannot be served', () => {
  test.each([
    [{ functions: [] }, 'unsupported_parameter', 'functions'],
    [{ tools: [{ type: 'web_search' }] }, 'unsupported_parameter', 'tools.0.type'],
    [{ temperature: 3 }, 'invalid_value', 'temperature'],
    [{ logit_bias: { 5: 101 } }, 'invalid_value', 'logit_bias.5'],
    [
      { tools: [{ type: 'function', function: {} }] },
      'missing_required_parameter',
      'tools.0.function.name',
    ],
    [{ chat_template_kwargs: { today: 'x' } }, 'invalid_value', 'chat_template_kwargs.today'],
    [{ max_tokens: 8_193 }, 'invalid_value', 'max_tokens'],
    [
      { prediction: {}, provider: { require_parameters: true } },
      'unsupported_parameter',
      'prediction',
    ],
  ])('is named, and nothing is held: %o', async (body, code, param) => {
    const { response, customer, host } = await ask(streams(['Hello']), body)
    expect(await errorOf(response)).toMatchObject({
      ...{ status: 400, code, param, type: 'invalid_request_error', shouldRetry: 'false' },
    })
    expect(host.dispatches).toEqual([])
    expect(await bench.wallet(customer)).toMatchObject({ held: 0n, spent: 0n })
  })

  test('is left out where nobody requires it', async () => {
    const { response, host } = await ask(streams(['Hello']), { prediction: {}, store: true })
    expect(response.status).toBe(200)
    expect(Object.keys(host.lastDispatch().body)).not.toContain('prediction')
  })
})

test('a body nested without end is answered like every wrong one', async () => {
  const { model } = await bench.sale([streams(['Hello'])])
  const customer = await bench.customer()
  const deep = `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`
  const head = `{"model":"${model.id}","messages":[{"role":"user","content":"Hi"}],`
  const send = (field: string) =>
    bench.appOf().request(chatPath, chatRequest(customer, `${head}${field}}`))
  const inTool = `"tools":[{"type":"function","function":{"name":"f","parameters":${deep}}}]`
  const refused = await send(inTool)
  expect(await errorOf(refused)).toMatchObject({
    code: 'invalid_value',
    param: 'tools.0.function.parameters',
  })
  // What nobody reads does no harm.
  expect((await send(`"unheard_of":${deep}`)).status).toBe(200)
})

describe('an image', () => {
  const url = dataUri('png', png({ width: 64, height: 64 }))
  const body = {
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'x'.repeat(384) },
          { type: 'image_url', image_url: { url } },
        ],
      },
    ],
    max_tokens: 16,
  }
  const seeing = modelOnSale('maker/any').profiles.map((profile) => ({
    ...profile,
    profile_id: 'maker/seeing@q8',
    image_tokens_max: 1_000,
  }))

  /** 400 bytes of text are 100 tokens by count, up to 125 within the band. */
  async function billedFor(promptClaimed: number | undefined) {
    const frames = [says('A square.'), finishes()]
    const script =
      promptClaimed === undefined
        ? answers({ frames, claim: 'none' })
        : answers({ frames: [...frames, counts(promptClaimed, 3)] })
    const { model, host } = await bench.sale([script], {
      model: { profiles: seeing },
      host: { profileId: 'maker/seeing@q8' },
    })
    const customer = await bench.customer()
    const response = await askChat(bench.appOf(), customer, { model: model.id, ...body })
    await completionOf(response)
    const receipt = await bench.onlyReceipt(customer)
    return { host, receipt, usage: receipt.body.served?.usage }
  }

  test('reaches the host as it came, and holds its tokens instead of its bytes', async () => {
    const { host, receipt } = await billedFor(600)
    expect(host.lastDispatch().body).toMatchObject({ messages: body.messages })
    const held = parseUsd(receipt.private.hold_usd) ?? 0n
    const textBytes = JSON.stringify(body.messages).length - url.length
    const promptMost = BigInt(textBytes + 1_000 + 64)
    expect(held).toBeGreaterThan(1_000n * 1_000n + 16n * 2_000n)
    expect(held).toBeLessThanOrEqual(promptMost * 1_000n + 16n * 2_000n)
  })

  test.each([
    ['as claimed, within what it may take', 600, 600, false],
    ['up to what it may take, and what the count allows', 1_125, 1_125, false],
    ['at what it may take where the host claims more', 1_126, 1_100, true],
    ['as nothing where the host claims nothing', undefined, 100, false],
  ])('is billed %s', async (_, claimed, billed, inflated) => {
    const { usage } = await billedFor(claimed)
    expect(usage?.counted.prompt).toBe(100)
    expect(usage).toMatchObject({ billed: { prompt: billed }, inflated })
  })

  test('to fetch is refused with what to send', async () => {
    const image_url = { url: 'https://example.com/cat.png' }
    const messages = [{ role: 'user', content: [{ type: 'image_url', image_url }] }]
    const { response } = await ask(streams(['Hello']), { messages })
    const error = await errorOf(response)
    expect(error).toMatchObject({
      status: 400,
      code: 'invalid_value',
      param: 'messages.0.content.0.image_url.url',
    })
    expect(error.message).toContain('images must be data URIs')
  })
})

describe('several choices', () => {
  const content = 'x'.repeat(384)
  const body = { messages: [{ role: 'user', content }], n: 3, max_tokens: 20 }
  const choosing = (promptClaimed: number) =>
    answers({
      frames: [
        ...[0, 1, 2].flatMap((index) => [says('word '.repeat(8), index), finishes('stop', index)]),
        counts(promptClaimed, 30),
      ],
    })

  test('hold the window of each and the prompt once', async () => {
    const { customer, host, response } = await ask(choosing(100), body)
    await completionOf(response)
    expect(host.lastDispatch()).toMatchObject({
      body: { n: 3, max_tokens: 20 },
      ticket: { n: 3, max_tokens: 20 },
    })
    const held = parseUsd((await bench.onlyReceipt(customer)).private.hold_usd) ?? 0n
    const prompt = held - 60n * 2_000n
    expect(prompt).toBeGreaterThan(400n * 1_000n)
    expect(prompt).toBeLessThan(500n * 1_000n)
  })

  test.each([
    ['once, as the host says', 100],
    ['once, where a host claims it for every choice', 300],
  ])('bill the prompt %s', async (_, claimed) => {
    const { customer, response } = await ask(choosing(claimed), body)
    await completionOf(response)
    const { body: receipt } = await bench.onlyReceipt(customer)
    expect(receipt.served?.usage.billed).toMatchObject({ prompt: 100, completion: 30 })
  })
})
