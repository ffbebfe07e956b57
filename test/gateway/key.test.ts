// A key as its holder sees it: what it may do, what is left, and when it is nobody's any more.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { ids, nowMs } from '../../src/adapters/system.ts'
import { makeFreshCache } from '../../src/gateway/fresh-cache.ts'
import type { CustomerKey } from '../../src/keys/api-key.ts'
import { hashKey, makeKey } from '../../src/keys/api-key.ts'
import { askChat, completionOf, errorOf } from '../support/chat-client.ts'
import {
  type BenchChanges,
  type Customer,
  type GatewayBench,
  startGatewayBench,
} from '../support/gateway-bench.ts'
import { streams } from '../support/host-answers.ts'

let bench: GatewayBench
beforeAll(async () => {
  bench = await startGatewayBench()
})
afterAll(() => bench.stop())

const look = (token: string, changes: BenchChanges = {}) =>
  bench.appOf(changes).request('/v1/key', { headers: { authorization: `Bearer ${token}` } })

const View = z.looseObject({
  limits: z.looseObject({ spend_usd_per_day: z.looseObject({}).nullable() }),
  usage: z.looseObject({}),
})
const viewOf = async ({ token }: Customer) => View.parse(await (await look(token, fresh())).json())

/** A gateway that read the key before it was changed, and keeps what it read. */
const remembering = (key: CustomerKey): BenchChanges => ({ keys: async () => key })

/** As an operator gives it: the key, and the secret that opens it now. */
async function rotated({ key }: Customer, graceMs: number): Promise<Customer> {
  const token = makeKey('sk-b3iq', bench.peppers, ids)
  const keyHash = hashKey(token, 'sk-b3iq', bench.peppers) ?? ''
  const outcome = await bench.keys.rotateKey(key, { keyHash, atMs: nowMs(), graceMs })
  if (outcome.kind !== 'changed') throw new Error('the secret is not replaced')
  return { key: outcome.key, token }
}

const fresh = (): BenchChanges => ({
  keys: makeFreshCache(bench.keys.readByHash, { freshMs: 0, nowMs }),
})

describe('a key with limits', () => {
  test('shows each with what is used and left of it, and when it begins anew', async () => {
    const { model } = await bench.sale([streams(['Hello'])])
    const customer = await bench.customer({
      key: {
        scopes: ['inference'],
        requestsPerMinute: 60,
        spendPerDay: 2_000_000_000n,
        concurrency: 3,
        expiresAtMs: Date.UTC(2100, 0, 1),
      },
    })
    const answer = await completionOf(
      await askChat(bench.appOf(), customer, { model: model.id, max_tokens: 100 }),
    )
    const response = await look(customer.token)
    const cost = answer.b3iq.cost_usd
    const today = new Date().toISOString().slice(0, 10)
    expect(await response.json()).toEqual({
      object: 'key',
      id: customer.key.keyId,
      account_id: customer.key.accountId,
      account_status: 'active',
      name: 'production',
      scopes: ['inference'],
      policy: { exposes_node_id: false },
      limits: {
        spend_usd_per_day: {
          limit: '2',
          used: cost,
          remaining: expect.stringMatching(/^1\.9/),
          resets_at: new Date(Date.parse(today) + 86_400_000).toISOString(),
        },
        spend_usd_per_month: null,
        requests_per_minute: {
          limit: 60,
          used: expect.any(Number),
          remaining: expect.any(Number),
          resets_at: expect.stringMatching(/:00\.000Z$/),
        },
        tokens_per_minute: null,
        concurrency: { limit: 3, used: 0, remaining: 3, resets_at: null },
      },
      usage: { today_usd: cost, month_usd: cost },
      expires_at: '2100-01-01T00:00:00.000Z',
      created_at: expect.any(String),
    })
    expect(response.headers.get('x-ratelimit-limit-requests')).toBe('60')
    expect(response.headers.get('x-ratelimit-reset-requests')).toMatch(/^(\d+s|1m0s)$/)
  })

  test('keeps what was spent while its cap is raised, taken away and set again beside another limit', async () => {
    const { model } = await bench.sale([streams(['Hello'])])
    const customer = await bench.customer({ key: { spendPerDay: 1_000_000_000n, concurrency: 9 } })
    const ask = () => askChat(bench.appOf(fresh()), customer, { model: model.id, max_tokens: 50 })
    const costs: string[] = []
    const pay = async () => void costs.push((await completionOf(await ask())).b3iq.cost_usd)
    const cap = async (spendPerDay: bigint | undefined) => {
      const before = await bench.keys.readById(customer.key.keyId)
      const changed = before && (await bench.keys.changeKey(before, { spendPerDay }))
      expect(changed?.kind).toBe('changed')
    }
    await pay()
    await cap(5_000_000_000n)
    await pay()
    await cap(undefined)
    await pay()
    const [cost = ''] = costs
    expect(new Set(costs)).toEqual(new Set([cost]))
    const spent = BigInt(Math.round(Number(cost) * 1e9)) * 3n
    await cap(spent)
    expect(await errorOf(await ask())).toMatchObject({
      code: 'spend_cap_exceeded',
      limit: 'spend_day',
      limit_usd: (await viewOf(customer)).usage.today_usd,
    })
    const { limits } = await viewOf(customer)
    expect(limits.spend_usd_per_day).toMatchObject({ remaining: '0' })
    await cap(1n)
    expect((await viewOf(customer)).limits.spend_usd_per_day).toMatchObject({
      limit: '0.000000001',
      remaining: '0',
    })
  })

  test('are held to those in force by the next request, also where older ones are remembered', async () => {
    const { model } = await bench.sale([streams(['Hello'])])
    const customer = await bench.customer({ key: { requestsPerMinute: 100 } })
    const late = bench.appOf(remembering(customer.key))
    const ask = () => askChat(late, customer, { model: model.id, max_tokens: 50 })
    expect((await ask()).headers.get('x-ratelimit-limit-requests')).toBe('100')
    const lowered = await bench.keys.changeKey(customer.key, { spendPerDay: 1n })
    expect(await errorOf(await ask())).toMatchObject({ code: 'spend_cap_exceeded' })
    if (lowered.kind !== 'changed') throw new Error('the cap is not lowered')
    await bench.keys.changeKey(lowered.key, { spendPerDay: undefined, requestsPerMinute: 200 })
    const after = await ask()
    expect([after.status, after.headers.get('x-ratelimit-limit-requests')]).toEqual([200, '200'])
  })

  test('tells them beside every answer, refusals of the reserve included', async () => {
    const { model } = await bench.sale([streams(['Hello'])])
    const asked = { model: model.id, max_tokens: 100 }
    const rich = await bench.customer({ key: { requestsPerMinute: 2, tokensPerMinute: 100_000 } })
    const poor = await bench.customer({ balanceUsd: '0', key: { requestsPerMinute: 2 } })
    const capped = await bench.customer({ key: { requestsPerMinute: 2, spendPerDay: 1n } })
    const open = await bench.customer()
    const limitsOf = ({ headers }: Response) =>
      [...headers].flatMap(([name, value]) =>
        /^x-ratelimit-(limit|remaining)/.test(name) ? [`${name.slice(12)} ${value}`] : [],
      )
    const atMs = Math.floor(nowMs() / 60_000) * 60_000
    const app = bench.appOf({ ids: { ...ids, ulid: () => ids.ulid(atMs) } })
    const first = await askChat(app, rich, asked)
    expect(limitsOf(first)).toEqual([
      'limit-requests 2',
      'limit-tokens 100000',
      'remaining-requests 1',
      expect.stringMatching(/^remaining-tokens 99\d{3}$/),
    ])
    const streamed = await askChat(app, rich, { ...asked, stream: true })
    await streamed.text()
    expect(limitsOf(streamed)).toContain('remaining-requests 0')
    const tooMany = await askChat(app, rich, asked)
    expect(tooMany.status).toBe(429)
    expect(limitsOf(tooMany)).toContain('remaining-requests 0')
    const unpaid = await askChat(app, poor, asked)
    expect(unpaid.status).toBe(402)
    expect(limitsOf(unpaid)).toEqual(['limit-requests 2', 'remaining-requests 2'])
    const overCap = await askChat(app, capped, asked)
    expect(overCap.status).toBe(403)
    expect(limitsOf(overCap)).toEqual(['limit-requests 2'])
    const claimed = await askChat(app, poor, asked, { 'idempotency-key': 'one' })
    expect(limitsOf(claimed)).toContain('limit-requests 2')
    expect(limitsOf(await askChat(app, open, asked))).toEqual([])
    const exposed = (await look(rich.token)).headers.get('access-control-expose-headers')
    expect(exposed).toContain('x-ratelimit-remaining-tokens')
  })
})

describe('a key that is good for nothing', () => {
  test('is refused by the same bytes, whatever is wrong with it', async () => {
    const { model } = await bench.sale([streams(['Hello'])])
    const revoked = await bench.customer()
    await bench.keys.revokeKey(revoked.key)
    const expired = await bench.customer({ key: { expiresAtMs: nowMs() } })
    const replaced = await bench.customer()
    await rotated(replaced, 0)
    const unknown = makeKey('sk-b3iq', bench.peppers, ids)
    const tokens = ['', 'sk-123', unknown, revoked.token, expired.token, replaced.token]
    for (const path of ['chat', 'key']) {
      const bodies = new Set<string>()
      for (const token of tokens) {
        const app = bench.appOf()
        const response =
          path === 'key'
            ? await look(token)
            : await askChat(app, { token }, { model: model.id, max_tokens: 9 })
        expect(response.status).toBe(401)
        const id = response.headers.get('x-request-id') ?? 'none'
        bodies.add((await response.text()).replace(id, ''))
      }
      expect([...bodies]).toHaveLength(1)
    }
  })

  test('pays for nothing, also at a gateway that has not heard of it yet', async () => {
    const { model } = await bench.sale([streams(['Hello'])])
    const [revoked, replaced] = [await bench.customer(), await bench.customer()]
    await bench.keys.revokeKey(revoked.key)
    await rotated(replaced, 0)
    for (const customer of [revoked, replaced]) {
      const late = remembering(customer.key)
      const refused = await askChat(bench.appOf(late), customer, { model: model.id })
      expect(await errorOf(refused)).toMatchObject({ status: 401, code: 'invalid_api_key' })
      expect((await look(customer.token, late)).status).toBe(401)
    }
  })
})

describe('a secret in its grace', () => {
  test('works beside the next one, on the same counters, until the key is revoked', async () => {
    const { model } = await bench.sale([streams(['Hello'])])
    const before = await bench.customer({ key: { requestsPerMinute: 1_000 } })
    const after = await rotated(before, 60_000)
    for (const customer of [before, after]) {
      await completionOf(await askChat(bench.appOf(), customer, { model: model.id }))
    }
    const wallet = await bench.wallet(before)
    const counted = [...wallet.counters].filter(([name]) => name.startsWith('rm#1#'))
    expect(counted.reduce((sum, [, used]) => sum + used, 0n)).toBe(2n)
    await bench.keys.revokeKey(after.key)
    for (const customer of [before, after]) {
      expect((await askChat(bench.appOf(), customer, { model: model.id })).status).toBe(401)
    }
  })
})
