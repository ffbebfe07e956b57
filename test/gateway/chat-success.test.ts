import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatUsd, parseUsd } from '../../src/money/nano-usd.ts'
import { ReceiptView } from '../../src/protocol/receipt.ts'
import { isVerified, verifyReceipt } from '../../src/receipts/verify-receipt.ts'
import { askChat, completionOf, messages, streamOf } from '../support/chat-client.ts'
import { type Customer, type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { answers, counts, finishes, says, streams } from '../support/host-answers.ts'

let bench: GatewayBench

beforeAll(async () => {
  bench = await startGatewayBench()
})
afterAll(() => bench.stop())

async function receiptOf(hash: string, customer: Customer): Promise<ReceiptView> {
  const headers = { authorization: `Bearer ${customer.token}` }
  const response = await bench.appOf().request(`/v1/receipts/${hash}`, { headers })
  return ReceiptView.parse(await response.json())
}

/** What left the balance since it held USD 10, and is neither held nor lost. */
async function spentUsd(customer: Customer): Promise<string> {
  const { available, held, spent } = await bench.wallet(customer)
  expect(held).toBe(0n)
  expect(available + spent).toBe(parseUsd('10'))
  return formatUsd(spent)
}

describe('a streamed answer', () => {
  test('has one id, the role first, the finish reason last, and ends in [DONE]', async () => {
    const { model } = await bench.sale([streams(['Hello', ' world'])])
    const customer = await bench.customer()
    const body = { model: model.id, stream: true }
    const { chunks, isDone, text } = await streamOf(await askChat(bench.appOf(), customer, body))
    expect(text).toBe('Hello world')
    expect(isDone).toBe(true)
    expect(chunks.map(({ choices }) => choices)).toEqual([
      [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }],
      [{ index: 0, delta: { content: 'Hello' }, finish_reason: null }],
      [{ index: 0, delta: { content: ' world' }, finish_reason: null }],
      [{ index: 0, delta: {}, finish_reason: 'stop' }],
    ])
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1)
    expect(new Set(chunks.map(({ created }) => created)).size).toBe(1)
    expect(new Set(chunks.map((chunk) => chunk.model))).toEqual(new Set([model.id]))
  })

  test('carries usage on a chunk of its own when the client asked for it', async () => {
    const { model } = await bench.sale([streams(['Hello', ' world'])])
    const customer = await bench.customer()
    const body = { model: model.id, stream: true, stream_options: { include_usage: true } }
    const { chunks, last } = await streamOf(await askChat(bench.appOf(), customer, body))
    expect(chunks.slice(0, -1).map(({ usage }) => usage)).toEqual([null, null, null, null])
    expect(chunks.slice(0, -1).map(({ b3iq }) => b3iq)).toEqual(Array(4).fill(undefined))
    expect(last).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 },
    })
    expect(last.b3iq?.usage).toEqual(last.usage)
  })

  test('costs what its receipt says, to the nano-dollar, and the receipt verifies', async () => {
    const { model } = await bench.sale([streams(['Hello', ' world'])])
    const customer = await bench.customer()
    const body = { model: model.id, stream: true }
    const { last } = await streamOf(await askChat(bench.appOf(), customer, body))
    const { b3iq } = last
    // 9 prompt tokens at 1 and 3 completion tokens at 2 dollars a million; 4 and 8 elsewhere.
    expect(b3iq).toMatchObject({
      cost_usd: '0.000015',
      benchmark_cost_usd: '0.00006',
      saved_usd: '0.000045',
      retries: 0,
      route_tier: 'network_beta',
      trust_tier: 'T0',
    })
    expect(await spentUsd(customer)).toBe('0.000015')

    const receipt = await receiptOf(b3iq?.receipt_hash ?? '', customer)
    expect(receipt.body.charge.charge_usd).toBe('0.000015')
    expect(receipt.private?.request_id).toBe(b3iq?.request_id)
    const checks = verifyReceipt(
      { ...receipt, ...(b3iq?.salt ? { salt: b3iq.salt } : {}) },
      bench.publishedKeys,
    )
    expect(checks.map(({ outcome }) => outcome)).toEqual(checks.map(() => 'passed'))
  })

  test('survives CRLF, comments, and characters and lines torn into single bytes', async () => {
    const frames = [': hello\n\n', says('Grüße, '), says('世界 🙂'), finishes()]
    const torn = answers({ frames, sliceBytes: 3, lineEnd: '\r\n' })
    const { model } = await bench.sale([torn])
    const customer = await bench.customer()
    const reply = await streamOf(
      await askChat(bench.appOf(), customer, { model: model.id, stream: true }),
    )
    expect(reply.text).toBe('Grüße, 世界 🙂')
    expect(reply.last.b3iq?.node_receipt_hash).toMatch(/^[0-9a-f]{64}$/)
  })

  test('is whole without the end mark of its host', async () => {
    const { model } = await bench.sale([streams(['Hello'], { end: 'without_done' })])
    const customer = await bench.customer()
    const body = { model: model.id, stream: true }
    const { isDone, last } = await streamOf(await askChat(bench.appOf(), customer, body))
    expect(isDone).toBe(true)
    expect(last.choices[0]?.finish_reason).toBe('stop')
  })

  test('does not wait for a host that is done and stays', async () => {
    const { model } = await bench.sale([streams(['Hello'], { end: 'done_and_silence' })])
    const customer = await bench.customer()
    const startedAtMs = Date.now()
    const body = { model: model.id, stream: true }
    const { isDone } = await streamOf(await askChat(bench.appOf(), customer, body))
    expect(isDone).toBe(true)
    expect(Date.now() - startedAtMs).toBeLessThan(5_000)
  })

  test('may be empty: the host read the prompt, which is billed', async () => {
    const { model } = await bench.sale([answers({ frames: [finishes(), counts(9, 0)] })])
    const customer = await bench.customer()
    const body = { model: model.id, stream: true }
    const { last, text } = await streamOf(await askChat(bench.appOf(), customer, body))
    expect(text).toBe('')
    expect(last.choices[0]?.finish_reason).toBe('stop')
    expect(last.b3iq?.cost_usd).toBe('0.000009')
  })
})

describe('an answer as one object', () => {
  test('has the text, the usage, the receipt and the money headers', async () => {
    const { model } = await bench.sale([streams(['Hello', ' world'])])
    const customer = await bench.customer()
    const response = await askChat(bench.appOf(), customer, { model: model.id })
    const { headers } = response
    const completion = await completionOf(response)
    expect(completion).toMatchObject({
      model: model.id,
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Hello world', refusal: null },
          finish_reason: 'stop',
        },
      ],
      usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 },
    })
    const { b3iq } = completion
    expect(headers.get('x-request-id')).toBe(b3iq.request_id)
    expect(completion.id).toBe(`chatcmpl-${b3iq.request_id}`)
    expect(headers.get('x-b3iq-receipt-hash')).toBe(b3iq.receipt_hash)
    expect(headers.get('x-b3iq-customer-charge')).toBe('0.000015')
    expect(headers.get('x-b3iq-cost-usd')).toBe('0.000015')
    expect(headers.get('x-b3iq-benchmark-cost')).toBe('0.00006')
    expect(headers.get('x-b3iq-saved')).toBe('0.000045')
    expect(await spentUsd(customer)).toBe('0.000015')
    expect(
      isVerified(verifyReceipt(await receiptOf(b3iq.receipt_hash, customer), bench.publishedKeys)),
    ).toBe(true)
  })

  test('puts tool calls together from their pieces', async () => {
    const call = (piece: object) => ({
      choices: [{ index: 0, delta: { tool_calls: [piece] }, finish_reason: null }],
    })
    const frames = [
      call({
        index: 0,
        id: 'call_1',
        type: 'function',
        function: { name: 'weather', arguments: '' },
      }),
      call({ index: 0, function: { arguments: '{"city":' } }),
      call({ index: 0, function: { arguments: '"Oslo"}' } }),
      finishes('tool_calls'),
    ]
    const { model } = await bench.sale([answers({ frames })])
    const customer = await bench.customer()
    const { choices } = await completionOf(
      await askChat(bench.appOf(), customer, { model: model.id }),
    )
    expect(choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        content: null,
        tool_calls: [
          {
            id: 'call_1',
            type: 'function',
            function: { name: 'weather', arguments: '{"city":"Oslo"}' },
          },
        ],
      },
    })
  })

  test('has each of several choices, and the window is sold once for each', async () => {
    const frames = [says('one', 0), says('two', 1), finishes('stop', 1), finishes('length', 0)]
    const { model, host } = await bench.sale([answers({ frames })])
    const customer = await bench.customer()
    const body = { model: model.id, n: 2, max_tokens: 50 }
    const { choices } = await completionOf(await askChat(bench.appOf(), customer, body))
    expect(choices).toMatchObject([
      { index: 0, message: { content: 'one' }, finish_reason: 'length' },
      { index: 1, message: { content: 'two' }, finish_reason: 'stop' },
    ])
    expect(host.lastDispatch().ticket).toMatchObject({ n: 2, max_tokens: 50 })
  })
})

describe('headers of a paid answer', () => {
  const routeOf = ({ headers }: Response) => ({
    mode: headers.get('x-b3iq-router-dispatch-mode'),
    node: headers.get('x-b3iq-router-node-id'),
    tier: headers.get('x-b3iq-route-tier'),
    trust: headers.get('x-b3iq-trust-tier'),
    decision: headers.get('x-b3iq-decision'),
    retries: headers.get('x-b3iq-retries'),
  })

  test.each([true, false])('name the route and not the node; stream: %s', async (stream) => {
    const { model } = await bench.sale([streams(['Hello'])])
    const customer = await bench.customer()
    const response = await askChat(bench.appOf(), customer, { model: model.id, stream })
    expect(routeOf(response)).toEqual({
      mode: 'routed',
      node: null,
      tier: 'network_beta',
      trust: 'T0',
      decision: `${model.id}@q8@network_beta`,
      retries: '0',
    })
    expect(Number(response.headers.get('openai-processing-ms'))).toBeGreaterThanOrEqual(0)
    expect(Number(response.headers.get('x-b3iq-overhead-ms'))).toBeGreaterThanOrEqual(0)
    await response.text()
  })

  test('name the node to a key whose policy shows it', async () => {
    const { model, host } = await bench.sale([streams(['Hello'])])
    const customer = await bench.customer({ key: { policy: { exposes_node_id: true } } })
    const response = await askChat(bench.appOf(), customer, { model: model.id })
    expect(routeOf(response).node).toBe(host.nodeId)
  })
})

describe('what a host gets to see', () => {
  test('is the prompt and the window, never who asks', async () => {
    const { model, host } = await bench.sale([streams(['Hello'])])
    const customer = await bench.customer()
    const body = {
      model: model.id,
      temperature: 0.5,
      max_completion_tokens: 20,
      user: 'someone@example.com',
      session_id: 'session-1',
      metadata: { team: 'red' },
      provider: { max_price: { prompt: 5 } },
      unheard_of: true,
    }
    await completionOf(await askChat(bench.appOf(), customer, body))
    const dispatch = host.lastDispatch()
    expect(dispatch.body).toEqual({
      messages,
      model: model.id,
      temperature: 0.5,
      max_tokens: 20,
      stream: true,
      stream_options: { include_usage: true, continuous_usage_stats: true },
    })
    const said = JSON.stringify([dispatch.headers, dispatch.bytes.toString('utf8')])
    for (const secret of [customer.token, customer.key.accountId, 'someone@example.com', 'red']) {
      expect(said).not.toContain(secret)
    }
  })

  test('is a ticket for this very body, window and price', async () => {
    const { model, host, candidates } = await bench.sale([streams(['Hello'])])
    const customer = await bench.customer()
    const response = await askChat(bench.appOf(), customer, { model: model.id, max_tokens: 20 })
    const { ticket } = host.lastDispatch()
    expect(ticket).toMatchObject({
      stage: 'test',
      hold_id: response.headers.get('x-request-id'),
      attempt: 1,
      node_id: host.nodeId,
      route_epoch: 1,
      profile_id: candidates[0]?.profileId,
      artifact_digest: candidates[0]?.artifactDigest,
      max_tokens: 20,
      n: 1,
      price_version: 7,
    })
    expect(ticket.expires_at_ms - ticket.issued_at_ms).toBeLessThanOrEqual(60_000)
  })
})
