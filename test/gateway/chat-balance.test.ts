import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeDatabase } from '../../src/adapters/dynamodb/client.ts'
import { makeHoldStore } from '../../src/adapters/dynamodb/hold-store.ts'
import { makeKeyStore } from '../../src/adapters/dynamodb/key-store.ts'
import { formatUsd, parseUsd } from '../../src/money/nano-usd.ts'
import { InvariantError } from '../../src/protocol/assert.ts'
import { limits } from '../../src/protocol/limits.ts'
import { askChat, completionOf, errorOf } from '../support/chat-client.ts'
import {
  type Customer,
  type GatewayBench,
  type Sale,
  startGatewayBench,
} from '../support/gateway-bench.ts'
import { makeLatch, streams } from '../support/host-answers.ts'

let bench: GatewayBench
let sale: Sale
let customer: Customer

beforeAll(async () => {
  bench = await startGatewayBench()
  sale = await bench.sale([streams(['Hello'])])
  customer = await bench.customer()
})
afterAll(() => bench.stop())

describe('a balance that is short', () => {
  const body = () => ({ model: sale.model.id, max_tokens: 1_000 })

  test('tells what the hold takes, what is there, and how far that goes', async () => {
    const poor = await bench.customer({ balanceUsd: '0.001' })
    const response = await askChat(bench.appOf(), poor, body())
    const error = await errorOf(response)
    expect(error).toMatchObject({
      status: 402,
      code: 'insufficient_balance',
      type: 'insufficient_quota',
      available_usd: '0.001',
      shouldRetry: 'false',
    })
    const required = parseUsd(error.required_hold_usd ?? '') ?? 0n
    const affordable = error.affordable_max_tokens ?? 0
    expect(affordable).toBeGreaterThan(0)
    expect(affordable).toBeLessThan(1_000)
    // What is missing is what the other tokens of the window cost, to the token.
    const missing = required - 1_000_000n
    expect(missing).toBeLessThanOrEqual(BigInt(1_000 - affordable) * 2_000n)
    expect(missing).toBeGreaterThan(BigInt(1_000 - affordable - 1) * 2_000n)

    const within = await askChat(bench.appOf(), poor, { ...body(), max_tokens: affordable })
    expect(within.status).toBe(200)
    const again = await bench.customer({ balanceUsd: '0.001' })
    const beyond = await askChat(bench.appOf(), again, { ...body(), max_tokens: affordable + 1 })
    expect(beyond.status).toBe(402)
  })

  test('lowers the window when the client named none', async () => {
    const poor = await bench.customer({ balanceUsd: '0.001' })
    const other = await bench.sale([streams(['Hello'])])
    await completionOf(await askChat(bench.appOf(), poor, { model: other.model.id }))
    const { body, ticket } = other.host.lastDispatch()
    expect(body.max_tokens).toBeGreaterThanOrEqual(limits.minAffordableTokens)
    expect(body.max_tokens).toBeLessThan(limits.defaultMaxTokens)
    expect(ticket.max_tokens).toBe(body.max_tokens)
  })

  test('is refused when the window would be too small to be an answer', async () => {
    const poor = await bench.customer({ balanceUsd: '0.0002' })
    const response = await askChat(bench.appOf(), poor, { model: sale.model.id })
    const error = await errorOf(response)
    expect(error).toMatchObject({ status: 402, code: 'insufficient_balance' })
    expect(error.affordable_max_tokens).toBeLessThan(limits.minAffordableTokens)
  })

  test('but held by a running request is worth waiting for', async () => {
    const latch = makeLatch()
    const slow = await bench.sale([
      async (turn) => {
        await latch.opened
        await streams(['Hello'])(turn)
      },
    ])
    const poor = await bench.customer({ balanceUsd: '0.0022' })
    const asked = slow.host.nextDispatch()
    const running = askChat(bench.appOf(), poor, { model: slow.model.id, max_tokens: 1_000 })
    await asked
    // Neither a window of its own nor one that may shrink finds room beside the first.
    for (const window of [{ max_tokens: 1_000 }, {}]) {
      const response = await askChat(bench.appOf(), poor, { model: sale.model.id, ...window })
      expect(response.headers.get('x-b3iq-limit-kind')).toBe('inflight_budget')
      expect(response.headers.get('retry-after')).toBe('5')
      expect(await errorOf(response)).toMatchObject({
        status: 429,
        code: 'inflight_budget_exhausted',
        kind: 'inflight_budget',
        shouldRetry: 'true',
      })
    }
    latch.open()
    await completionOf(await running)
    expect(await bench.wallet(poor)).toMatchObject({ held: 0n })
  })
})

describe('a ledger that cannot be reached', () => {
  const unreachable = () => makeDatabase({ tables: bench.tables, endpoint: 'http://127.0.0.1:1' })

  test('refuses, and no host is asked', async () => {
    const other = await bench.sale([streams(['Hello'])])
    const app = bench.appOf({ store: makeHoldStore(unreachable()) })
    const response = await askChat(app, customer, { model: other.model.id })
    expect(response.headers.get('retry-after')).toBe('5')
    expect(await errorOf(response)).toMatchObject({
      status: 503,
      code: 'ledger_unavailable',
      shouldRetry: 'true',
    })
    expect(other.host.dispatches).toEqual([])
  })

  test('refuses in the same words when not even the key can be read', async () => {
    const keys = makeKeyStore(unreachable())
    const app = bench.appOf({ keys: keys.readByHash })
    const response = await askChat(app, customer, { model: sale.model.id })
    expect(await errorOf(response)).toMatchObject({ status: 503, code: 'ledger_unavailable' })
    expect(bench.logLines().at(-1)).toContain('store_unreachable')
  })

  test('is not blamed for a bug of ours', async () => {
    const keys = () => Promise.reject(new InvariantError('S2 conservation'))
    const response = await askChat(bench.appOf({ keys }), customer, { model: sale.model.id })
    expect(await errorOf(response)).toMatchObject({ status: 500, code: 'internal_error' })
  })

  test('after the answer leaves the hold to the sweeper and ends without [DONE]', async () => {
    const other = await bench.sale([streams(['Hello'])])
    const fresh = await bench.customer()
    const { decide, settle } = makeHoldStore(unreachable())
    const app = bench.appOf({ store: { ...bench.deps.store, decide, settle } })
    const response = await askChat(app, fresh, { model: other.model.id, stream: true })
    const text = await response.text()
    expect(text).toContain('"code":"ledger_unavailable"')
    expect(text).not.toContain('[DONE]')
    const { holds, held, spent } = await bench.wallet(fresh)
    expect(holds.size).toBe(1)
    expect({ isHeld: held > 0n, spent: formatUsd(spent) }).toEqual({ isHeld: true, spent: '0' })
  })
})
