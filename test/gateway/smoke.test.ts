// An operator's key asks in the name of test customers, who pay.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askChat, completionOf, errorOf } from '../support/chat-client.ts'
import { type Customer, type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { streams } from '../support/host-answers.ts'

let bench: GatewayBench
beforeAll(async () => {
  bench = await startGatewayBench()
})
afterAll(() => bench.stop())

async function flagged(customer: Customer): Promise<Customer> {
  await bench.accounts.changeAccount(customer.key.accountId, { smoke: true })
  return customer
}

const naming = ({ key }: Customer) => ({ 'x-b3iq-customer': key.accountId })

test('a smoke key spends of the named customer, is named in the receipt and in the log', async () => {
  const { model } = await bench.sale([streams(['Hello'])])
  const smoke = await flagged(await bench.customer({ key: { scopes: ['smoke'] } }))
  const named = await flagged(await bench.customer())
  const asked = { model: model.id, max_tokens: 50 }
  const response = await askChat(bench.appOf(), smoke, asked, naming(named))
  const { b3iq } = await completionOf(response)
  expect((await bench.onlyReceipt(named)).private).toMatchObject({
    account_id: named.key.accountId,
    key_id: smoke.key.keyId,
  })
  const [own, theirs] = [await bench.wallet(smoke), await bench.wallet(named)]
  expect([own.spent, theirs.spent > 0n]).toEqual([0n, true])
  const counters = new Map([...theirs.counters].map(([name, value]) => [name.slice(0, 5), value]))
  expect(counters).toEqual(new Map(['sd#0#', 'sm#0#'].map((name) => [name, theirs.spent])))
  const line = bench.logLines().find((one) => one.includes('smoke_request'))
  expect(JSON.parse(line ?? '{}')).toEqual({
    event: 'smoke_request',
    requestId: b3iq.request_id,
    keyId: smoke.key.keyId,
    accountId: named.key.accountId,
  })
})

describe('of a customer in a day', () => {
  test('all smoke keys together take no more than their cap', async () => {
    const { model } = await bench.sale([streams(['Hello'])])
    const policy = { exposes_node_id: false, smoke_usd_per_day: '0.0003' }
    const smoke = await flagged(await bench.customer({ key: { scopes: ['smoke'], policy } }))
    const other = await bench.keyOf(smoke, { scopes: ['smoke'], policy })
    const named = await flagged(await bench.customer())
    const ask = (from: Customer, max_tokens: number) =>
      askChat(bench.appOf(), from, { model: model.id, max_tokens }, naming(named))
    await completionOf(await ask(smoke, 100))
    expect(await errorOf(await ask(other, 140))).toMatchObject({
      status: 403,
      code: 'spend_cap_exceeded',
      limit: 'spend_day',
      limit_usd: '0.0003',
    })
    // Whoever has a key of the customer's own is not held to it.
    const own = await bench.keyOf(named, { spendPerDay: 1_000_000_000n })
    const asked = { model: model.id, max_tokens: 140 }
    await completionOf(await askChat(bench.appOf(), own, asked))
  })
})

test('nobody else may name a customer, and nobody who is not flagged is named', async () => {
  const { model, host } = await bench.sale([streams(['Hello'])])
  const smoke = await flagged(await bench.customer({ key: { scopes: ['smoke'] } }))
  const [named, plain] = [await flagged(await bench.customer()), await bench.customer()]
  for (const [from, to] of [
    [plain, named],
    [plain, plain],
    [smoke, plain],
  ] as const) {
    const refused = await askChat(bench.appOf(), from, { model: model.id }, naming(to))
    expect(await errorOf(refused)).toMatchObject({
      status: 400,
      code: 'customer_header_not_allowed',
      param: 'X-B3IQ-Customer',
    })
  }
  expect(host.dispatches).toEqual([])
})

describe('a smoke key is checked on its own wallet as it is now', () => {
  /** Whose key was read before anything happened to it. */
  async function admitted() {
    const { model, host } = await bench.sale([streams(['Hello'])])
    const smoke = await flagged(await bench.customer({ key: { scopes: ['smoke'] } }))
    const named = await flagged(await bench.customer())
    const app = bench.appOf({ keys: async () => smoke.key })
    return {
      smoke,
      named,
      host,
      ask: () => askChat(app, smoke, { model: model.id }, naming(named)),
    }
  }

  test.each<[string, (smoke: Customer) => Promise<unknown>, string]>([
    ['deleted', ({ key }) => bench.keys.revokeKey(key), 'invalid_api_key'],
    [
      'replaced',
      ({ key }) => bench.keys.rotateKey(key, { keyHash: 'other', atMs: 1, graceMs: 0 }),
      'invalid_api_key',
    ],
    [
      'of an account that was suspended',
      ({ key }) => bench.accounts.setStatus(key.accountId, 'suspended'),
      'account_suspended',
    ],
  ])('%s, it spends nothing of others', async (_, change, code) => {
    const { smoke, named, host, ask } = await admitted()
    await change(smoke)
    expect(await errorOf(await ask())).toMatchObject({ code })
    expect(await bench.wallet(named)).toMatchObject({ held: 0n, spent: 0n })
    expect(host.dispatches).toEqual([])
  })

  test('and where that cannot be read', async () => {
    const { model } = await bench.sale([streams(['Hello'])])
    const smoke = await flagged(await bench.customer({ key: { scopes: ['smoke'] } }))
    const named = await flagged(await bench.customer())
    const wallets = { readWallet: () => Promise.reject(new Error('throttled')) }
    const app = bench.appOf({ wallets })
    const reply = await askChat(app, smoke, { model: model.id }, naming(named))
    expect(await errorOf(reply)).toMatchObject({ status: 503, code: 'ledger_unavailable' })
  })
})
