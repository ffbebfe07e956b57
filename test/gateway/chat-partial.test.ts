import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatUsd } from '../../src/money/nano-usd.ts'
import { completionOf, errorOf, streamOf } from '../support/chat-client.ts'
import { asksOf } from '../support/gateway-asks.ts'
import { type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { answers, finishes, type Script, says, streams } from '../support/host-answers.ts'

let bench: GatewayBench

beforeAll(async () => {
  bench = await startGatewayBench()
})
afterAll(() => bench.stop())

const { ask, impatient, wayOf } = asksOf(() => bench)

describe('a failure after content', () => {
  const said = 'word '.repeat(8)
  const endings: [string, Script, string][] = [
    ['cut', answers({ frames: [says(said)], end: 'cut' }), 'upstream_error'],
    ['silent', answers({ frames: [says(said)], end: 'silence' }), 'upstream_timeout'],
    [
      'in error',
      answers({ frames: [says(said), { error: { message: 'out of memory' } }] }),
      'upstream_error',
    ],
  ]

  test.each(endings)('%s: one error chunk, no [DONE], no other host', async (_, script, code) => {
    const { sale, customer, response } = await ask([script, streams(['x'])], true, impatient())
    const { isDone, last, text } = await streamOf(response)
    expect(text).toBe(said)
    expect(isDone).toBe(false)
    expect(last).toMatchObject({
      choices: [{ finish_reason: 'error' }],
      error: { code, request_id: last.b3iq?.request_id },
    })
    expect(sale.hosts[1]?.dispatches).toEqual([])
    // 7 prompt tokens and 10 of 40 delivered bytes, as the gateway counted them.
    expect(last.b3iq?.cost_usd).toBe('0.000027')
    const receipt = await wayOf(customer)
    expect(receipt).toMatchObject({
      result: { status: 'partial', error: code },
      chargeUsd: '0.000027',
    })
    const { spent, held } = await bench.wallet(customer)
    expect({ spent: formatUsd(spent), held }).toEqual({ spent: '0.000027', held: 0n })
  })

  test.each(endings)(
    '%s, of one object: nobody has seen it, so the next host answers',
    async (_, script) => {
      const { sale, customer, response } = await ask(
        [script, streams(['Hello'])],
        false,
        impatient(),
      )
      const { choices, b3iq } = await completionOf(response)
      expect(choices[0]?.message.content).toBe('Hello')
      expect(b3iq.retries).toBe(1)
      const { attempts } = await wayOf(customer)
      expect(attempts[1]).toEqual([sale.hosts[1]?.nodeId, 'served'])
      expect(attempts[0]?.[1]).not.toBe('served')
    },
  )

  test.each(endings)(
    '%s, of one object and nobody else there: an error, and nothing to pay',
    async (_, script, code) => {
      const { customer, response } = await ask([script], false, impatient())
      expect(await errorOf(response)).toMatchObject({
        code,
        retryable: true,
        receipt_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      })
      expect((await wayOf(customer)).chargeUsd).toBe('0')
      expect(await bench.wallet(customer)).toMatchObject({ held: 0n, spent: 0n })
    },
  )

  test('nothing that a host says after its error is handed on', async () => {
    const frames = [says(said), { error: { message: 'out of memory' } }, says('more'), finishes()]
    const { response } = await ask([answers({ frames })], true)
    const { text, isDone } = await streamOf(response)
    expect({ text, isDone }).toEqual({ text: said, isDone: false })
  })

  test('what the host signs for after its error is on the receipt', async () => {
    const frames = [says(said), { error: { message: 'out of memory' } }]
    const { sale, customer, response } = await ask([answers({ frames })], true)
    await response.text()
    const { claim } = (await bench.onlyReceipt(customer)).private
    expect(claim?.claim.node_id).toBe(sale.host.nodeId)
  })
})

test('finish reasons beyond the choices that were asked for finish nothing', async () => {
  const frames = [says('Hello'), finishes('stop', 3)]
  const { response } = await ask([answers({ frames })], true)
  const { isDone, last } = await streamOf(response)
  expect(isDone).toBe(false)
  expect(last.error?.code).toBe('upstream_error')
})
