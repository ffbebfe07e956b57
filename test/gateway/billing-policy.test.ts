// The published billing policy, row by row against a request that really ended that way.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { billingPolicy } from '../../src/gateway/billing-policy.ts'
import { sweepWallet } from '../../src/ledger/sweep.ts'
import { parseUsd } from '../../src/money/nano-usd.ts'
import type { StoredReceipt } from '../../src/protocol/receipt.ts'
import { askChat, chatPath, chatRequest, streamOf } from '../support/chat-client.ts'
import { type Customer, type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import {
  answers,
  drip,
  type Frame,
  makeLatch,
  refuses,
  type Script,
  says,
  streams,
} from '../support/host-answers.ts'

let bench: GatewayBench
beforeAll(async () => {
  bench = await startGatewayBench()
})
afterAll(() => bench.stop())

type EndingName = (typeof billingPolicy.endings)[number]['ends']

/** Makes a request end so; undefined where it leaves no receipt. */
type Scenario = (customer: Customer) => Promise<StoredReceipt | undefined>

const dripping = () => answers({ frames: drip(says('word '), 20) })

const ask = async (customer: Customer, script: Script, app = bench.appOf()) => {
  const { model } = await bench.sale([script])
  return askChat(app, customer, { model: model.id, stream: true })
}

const scenarios: Readonly<Record<EndingName, Scenario>> = {
  refused: async (customer) => {
    const response = await askChat(bench.appOf(), customer, { model: 'maker/none' })
    expect(response.status).toBe(404)
    return undefined
  },
  completed: async (customer) => {
    await streamOf(await ask(customer, streams(['Hello'])))
    return bench.onlyReceipt(customer)
  },
  client_gone: async (customer) => {
    const { model } = await bench.sale([dripping()])
    const url = await bench.listen(bench.appOf())
    const gone = new AbortController()
    const request = chatRequest(customer, { model: model.id, stream: true })
    const response = await fetch(`${url}${chatPath}`, { ...request, signal: gone.signal })
    await response.body?.getReader().read()
    gone.abort()
    return bench.onlyReceipt(customer)
  },
  cancelled: async (customer) => {
    const app = bench.appOf()
    const response = await ask(customer, dripping(), app)
    const id = response.headers.get('x-request-id')
    const reading = streamOf(response)
    const headers = { authorization: `Bearer ${customer.token}` }
    await app.request(`/v1/requests/${id}/cancel`, { method: 'POST', headers })
    await reading
    return bench.onlyReceipt(customer)
  },
  deadline: async (customer) => {
    await streamOf(await ask(customer, dripping(), bench.appOf({ deadlineMs: 500 })))
    return bench.onlyReceipt(customer)
  },
  host_failed_before_content: async (customer) => {
    expect((await ask(customer, refuses(500))).status).toBe(502)
    return bench.onlyReceipt(customer)
  },
  host_failed_after_content: async (customer) => {
    const reply = await streamOf(await ask(customer, answers({ frames: [says('Hello')] })))
    expect(reply.isDone).toBe(false)
    return bench.onlyReceipt(customer)
  },
  gateway_lost: async (customer) => {
    const latch = makeLatch()
    async function* frames(): AsyncGenerator<Frame> {
      yield says('Hello')
      await latch.opened
    }
    const response = await ask(customer, answers({ frames: frames() }))
    const later = { ...bench.sweep, nowMs: () => Date.now() + 3_600_000 }
    await sweepWallet(later, await bench.wallet(customer))
    latch.open()
    await response.text()
    return bench.onlyReceipt(customer)
  },
}

describe('a request that ends as', () => {
  test.concurrent.each(billingPolicy.endings.map((row) => [row.ends, row] as const))(
    '%s',
    async (_, row) => {
      const customer = await bench.customer()
      const receipt = await scenarios[row.ends](customer)
      const { held, spent } = await bench.wallet(customer)
      expect(held).toBe(0n)
      expect(receipt?.body.result.status ?? null).toBe(row.receipt_status)
      expect(spent > 0n).toBe(row.customer_pays !== 'nothing')
      const earned = parseUsd(receipt?.body.charge.host_share_usd ?? '0') ?? 0n
      expect(earned > 0n).toBe(row.host_earns === 'share')
      if (row.customer_pays !== 'nothing') {
        expect(receipt?.body.served?.usage.billed.completion).toBeGreaterThan(0)
        expect(receipt?.body.charge.charge_usd).not.toBe('0')
      }
    },
  )
})

test('the policy is public, and names every ending once', async () => {
  const response = await bench.appOf().request('/v1/billing/policy')
  expect(response.status).toBe(200)
  expect(await response.json()).toEqual(billingPolicy)
  const names = billingPolicy.endings.map(({ ends }) => ends)
  expect(new Set(names).size).toBe(names.length)
})
