// Embeddings through the gateway: whole vectors in their order, billed by what went in, from a host that signs for them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { isVerified, verifyReceipt } from '../../src/receipts/verify-receipt.ts'
import { errorOf } from '../support/chat-client.ts'
import { documentAsksOf } from '../support/document-client.ts'
import {
  answersDocuments,
  embeddingsDocument,
  sendsDocument,
  vectorOf,
} from '../support/document-host.ts'
import { type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { busy, rejects, type Script } from '../support/host-answers.ts'
import { sleepShortened } from '../support/sleep-shortened.ts'

let bench: GatewayBench
beforeAll(async () => {
  bench = await startGatewayBench()
})
afterAll(() => bench.stop())

const Reply = z.looseObject({
  object: z.literal('list'),
  model: z.string(),
  data: z.array(
    z.object({
      object: z.literal('embedding'),
      index: z.int(),
      embedding: z.union([z.string(), z.array(z.number())]),
    }),
  ),
  usage: z.strictObject({ prompt_tokens: z.int(), total_tokens: z.int() }),
  b3iq: z.looseObject({ cost_usd: z.string(), salt: z.string(), retries: z.int() }),
})

const { ask, askInVain } = documentAsksOf(() => bench, '/v1/embeddings')

const replyOf = async (response: Response) => Reply.parse(await response.json())

describe('a request for embeddings', () => {
  test('is answered with a vector for each text, in its order, and billed by its prompt', async () => {
    const { sale, customer, response } = await ask({ input: ['one fish', 'two'] })
    expect(response.headers.get('x-b3iq-cost-usd')).toBe('0.000003')
    const { data, usage, b3iq, model } = await replyOf(response)
    expect(data.map(({ index }) => index)).toEqual([0, 1])
    expect(data[1]?.embedding).toEqual([...vectorOf('two')].map((one) => +one.toPrecision(9)))
    expect(model).toBe(sale.model.id)
    expect(usage).toEqual({ prompt_tokens: 3, total_tokens: 3 })
    const { body } = sale.host.lastDispatch()
    expect(body).toEqual({
      model: sale.model.id,
      input: ['one fish', 'two'],
      encoding_format: 'float',
    })
    const receipt = await bench.onlyReceipt(customer)
    expect(receipt.body.served?.usage).toMatchObject({
      claimed: { prompt: 3, completion: 0 },
      billed: { prompt: 3, completion: 0 },
      inflated: false,
    })
    const view = { object: 'receipt', ...receipt, salt: b3iq.salt } as const
    expect(isVerified(verifyReceipt(view, bench.publishedKeys))).toBe(true)
    expect((await bench.wallet(customer)).held).toBe(0n)
  })

  test('gets base64 of the same vectors where it asks for it, whatever the host gives', async () => {
    const inBase64 = sendsDocument(embeddingsDocument(['one'], 'base64'))
    for (const script of [answersDocuments(), inBase64]) {
      const { response } = await ask({ input: 'one', encoding_format: 'base64' }, [script])
      const bytes = Buffer.from(
        z.string().parse((await replyOf(response)).data[0]?.embedding),
        'base64',
      )
      const floats = Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4))
      expect(floats).toEqual([...vectorOf('one')])
    }
  })

  test('sends nothing of who asks to a host', async () => {
    const { sale } = await ask({ input: 'one', user: 'someone', metadata: { a: 'b' } })
    expect(Object.keys(sale.host.lastDispatch().body)).toEqual([
      'model',
      'input',
      'encoding_format',
    ])
  })

  test('is billed by our count where the host claims more than fits the text', async () => {
    const usage = { prompt: 900, cached_prompt: 0, completion: 0 }
    const { customer } = await ask({ input: 'one' }, [answersDocuments({ claim: { usage } })])
    const { served } = (await bench.onlyReceipt(customer)).body
    expect(served?.usage).toMatchObject({ claimed: usage, billed: { prompt: 3 }, inflated: true })
  })
})

describe('an answer that is not what was asked for goes to nobody, costs nothing, and the next host is asked', () => {
  test.each<[string, Script]>([
    ['too few vectors', sendsDocument(embeddingsDocument(['one']))],
    ['half a document', answersDocuments({ end: 'cut' })],
    ['no proof', answersDocuments({ proof: 'none' })],
    ['a full house', busy],
  ])('%s', async (_, script) => {
    const { customer, response } = await ask({ input: ['one', 'two'] }, [
      script,
      answersDocuments(),
    ])
    const { data, b3iq } = await replyOf(response)
    expect(data).toHaveLength(2)
    expect(b3iq.retries).toBe(1)
    const { body } = await bench.onlyReceipt(customer)
    expect(body.charge.charge_usd).toBe('0.000002')
  })

  test('until no host is left', async () => {
    const { customer, response } = await ask({ input: ['one', 'two'] }, [
      sendsDocument(embeddingsDocument(['one'])),
      sendsDocument(embeddingsDocument(['one'])),
    ])
    expect(await errorOf(response)).toMatchObject({ status: 502, code: 'upstream_error' })
    const { body } = await bench.onlyReceipt(customer)
    expect(body).toMatchObject({ result: { status: 'failed' }, charge: { charge_usd: '0' } })
    expect((await bench.wallet(customer)).held).toBe(0n)
  })

  test('a request that every host rejects is the client’s own mistake', async () => {
    const { response } = await ask({ input: 'one' }, [rejects, rejects])
    expect(await errorOf(response)).toMatchObject({ status: 400, code: 'invalid_value' })
  })

  test('a host that falls silent has no longer than any other', async () => {
    const { response } = await ask(
      { input: 'one' },
      [answersDocuments({ end: 'silence' }), answersDocuments()],
      { bench: { sleep: sleepShortened({ 30000: 100 }) } },
    )
    expect((await replyOf(response)).b3iq.retries).toBe(1)
  })
})

describe('what is refused', () => {
  test.each([
    [{ input: '' }, 'invalid_value', 'input'],
    [{ input: [] }, 'invalid_value', 'input'],
    [{ input: ['a', ''] }, 'invalid_value', 'input.1'],
    [{ input: [1, 2, 3] }, 'invalid_value', 'input.0'],
    [{ input: [[1], [2]] }, 'invalid_value', 'input.0'],
    [{ input: Array.from({ length: 257 }, () => 'a') }, 'invalid_value', 'input'],
    [{}, 'missing_required_parameter', 'input'],
    [{ input: 'a', encoding_format: 'hex' }, 'invalid_value', 'encoding_format'],
    [{ input: 'a', dimensions: 256 }, 'unsupported_parameter', 'dimensions'],
    [{ input: ['a', 'b'.repeat(200_000)] }, 'context_length_exceeded', 'input.1'],
    [
      { input: 'a', task: 'query', provider: { require_parameters: true } },
      'unsupported_parameter',
      'task',
    ],
    [{ input: 'a', model: 'no/such' }, 'model_not_found', 'model'],
  ])('%#: before anything is held', async (body, code, param) => {
    const { customer, response } = await askInVain(body)
    expect(await errorOf(response)).toMatchObject({ code, param })
    expect((await bench.wallet(customer)).holds.size).toBe(0)
  })

  test('a model that is for something else, with where to ask it', async () => {
    const sale = await bench.sale([answersDocuments()])
    const { response } = await ask({ input: 'a', model: sale.model.id })
    expect(await errorOf(response)).toMatchObject({
      code: 'invalid_value',
      message: expect.stringContaining('/v1/chat/completions'),
    })
  })

  test('what the balance cannot cover, with no talk of tokens that it could', async () => {
    const customer = await bench.customer({ balanceUsd: '0.000001' })
    const { response } = await ask({ input: 'one' }, [answersDocuments()], { customer })
    const error = await errorOf(response)
    expect(error).toMatchObject({ status: 402, code: 'insufficient_balance' })
    expect(error.affordable_max_tokens).toBeUndefined()
  })
})
