// What OpenAI's own SDK makes of a host that fails, with the retries that it does unasked.
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Customer, type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { answers, refuses, says } from '../support/host-answers.ts'

let bench: GatewayBench
let url: string
beforeAll(async () => {
  bench = await startGatewayBench()
  url = await bench.listen(bench.appOf())
})
afterAll(() => bench.stop())

const clientOf = ({ token }: Customer) => new OpenAI({ apiKey: token, baseURL: `${url}/v1` })
const messages = [{ role: 'user' as const, content: 'Hi' }]
const isCut = answers({ frames: [says('Hello')], end: 'cut' })

describe('a host that is cut in its answer', () => {
  test('as one object: it asks again by itself, and one answer is billed', async () => {
    const { model, host } = await bench.sale([isCut])
    const customer = await bench.customer()
    const { choices } = await clientOf(customer).chat.completions.create({
      model: model.id,
      messages,
    })
    expect(choices[0]?.message.content).toBe('Hello world')
    expect(host.dispatches).toHaveLength(2)
    const page = { limit: 10, after: undefined }
    const { items } = await bench.receipts.listReceipts(customer.key.accountId, page)
    expect(items.map(({ charge }) => charge > 0n)).toEqual([true, false])
  })

  test('as a stream: its words, and then the error is thrown', async () => {
    const { model, host } = await bench.sale([isCut])
    const customer = await bench.customer()
    const stream = await clientOf(customer).chat.completions.create({
      model: model.id,
      messages,
      stream: true,
    })
    let text = ''
    const read = async () => {
      for await (const { choices } of stream) text += choices[0]?.delta.content ?? ''
    }
    await expect(read()).rejects.toMatchObject({ code: 'upstream_error' })
    expect(text).toBe('Hello')
    expect(host.dispatches).toHaveLength(1)
  })
})

test('a host that fails before content is asked again by the SDK, and billed once', async () => {
  const { model, host } = await bench.sale([refuses(500)])
  const customer = await bench.customer()
  const { choices } = await clientOf(customer).chat.completions.create({
    model: model.id,
    messages,
  })
  expect(choices[0]?.message.content).toBe('Hello world')
  expect(host.dispatches).toHaveLength(2)
  const { items } = await bench.receipts.listReceipts(customer.key.accountId, {
    limit: 10,
    after: undefined,
  })
  expect(items.filter(({ charge }) => charge > 0n)).toHaveLength(1)
  expect(await bench.wallet(customer)).toMatchObject({ held: 0n })
})
