// The dry run says what the request itself is told, and leaves nothing behind.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { ids } from '../../src/adapters/system.ts'
import { type ExplainDeps, explainRoute } from '../../src/gateway/explain.ts'
import type { CustomerKey } from '../../src/keys/api-key.ts'
import { askChat, errorOf, messages } from '../support/chat-client.ts'
import {
  type Customer,
  type GatewayBench,
  type Sale,
  startGatewayBench,
} from '../support/gateway-bench.ts'
import { streams } from '../support/host-answers.ts'

let bench: GatewayBench
let sale: Sale
beforeAll(async () => {
  bench = await startGatewayBench()
  sale = await bench.sale([streams(['Hello'])])
})
afterAll(() => bench.stop())

const Explanation = z.looseObject({
  would_be_dispatched: z.boolean(),
  refusals: z.array(z.looseObject({ code: z.string() })),
  plan: z.looseObject({ hold_usd: z.string(), window_tokens: z.int() }).nullable(),
})

const explain = async ({ key }: Customer, body: object, changes: Partial<ExplainDeps> = {}) => {
  const deps: ExplainDeps = {
    ...bench.deps,
    keys: bench.keys,
    fleet: bench.fleet,
    catalogue: { listModels: async () => [] },
    ...changes,
  }
  const asked = { keyId: key.keyId, body: { messages, ...body }, limit: 10, after: undefined }
  const explained = await explainRoute(deps, { ...asked, endpoint: '/v1/chat/completions' })
  if (!explained.ok) throw new Error(explained.error.code)
  return Explanation.parse(explained.value)
}

type Case = {
  readonly key?: Partial<CustomerKey>
  readonly body?: object
  readonly balanceUsd?: string
}

const cases: readonly [string, Case][] = [
  ['no_eligible_host', { body: { provider: { region: ['us'] } } }],
  ['max_price_unmet', { body: { provider: { max_price: { prompt: 0.000001 } } } }],
  ['model_not_found', { body: { model: 'nobody/sells-this' } }],
  [
    'model_not_allowed',
    { key: { policy: { exposes_node_id: false, models_denied: ['maker/*'] } } },
  ],
  ['missing_scope', { key: { scopes: ['billing:read'] } }],
  ['insufficient_balance', { balanceUsd: '0' }],
  ['spend_cap_exceeded', { key: { spendPerDay: 1n } }],
  ['rate_limit_exceeded', { key: { tokensPerMinute: 1 } }],
  ['invalid_value', { body: { temperature: 'hot' } }],
]

describe('a request that is refused', () => {
  test.each(cases)('with %s is explained by it', async (code, { key, body, balanceUsd = '10' }) => {
    const customer = await bench.customer({ balanceUsd, ...(key ? { key } : {}) })
    const sent = { model: sale.model.id, ...body }
    const before = await bench.wallet(customer)
    const explained = await explain(customer, sent)
    expect(explained.would_be_dispatched).toBe(false)
    expect(explained.refusals[0]?.code).toBe(code)
    expect(await bench.wallet(customer)).toEqual(before)
    const told = await errorOf(await askChat(bench.appOf(), customer, sent))
    expect(told.code).toBe(code)
  })

  test('for two reasons is explained by both, in the order in which it would meet them', async () => {
    const customer = await bench.customer({ balanceUsd: '0', key: { scopes: ['billing:read'] } })
    const { refusals } = await explain(customer, { model: sale.model.id })
    expect(refusals.map(({ code }) => code)).toEqual(['missing_scope', 'insufficient_balance'])
  })

  test('because of an incident is explained by it', async () => {
    const scope = { kind: 'model', id: sale.model.id } as const
    const incidentId = `inc_${ids.ulid(Date.now())}`
    const incident = { incidentId, scope, untilMs: Date.now() + 60_000 }
    const customer = await bench.customer()
    const explained = await explain(
      customer,
      { model: sale.model.id },
      { readIncidents: async () => [incident] },
    )
    expect(explained.refusals).toMatchObject([
      { code: 'incident_paused', incident: { id: incidentId } },
    ])
  })
})

test('a request that would be served is explained by its plan, and nobody hears of it', async () => {
  const customer = await bench.customer({ balanceUsd: '0.0005' })
  const before = await bench.wallet(customer)
  const asked = sale.host.dispatches.length
  const explained = await explain(customer, { model: sale.model.id })
  expect(explained).toMatchObject({ would_be_dispatched: true, refusals: [] })
  // Lowered to what the balance affords, as the hold itself would be.
  expect(Number(explained.plan?.hold_usd)).toBeLessThanOrEqual(0.0005)
  expect(explained.plan?.window_tokens).toBeGreaterThanOrEqual(64)
  expect(await bench.wallet(customer)).toEqual(before)
  expect(sale.host.dispatches).toHaveLength(asked)
})
