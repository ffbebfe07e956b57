import { decodeTime, ulid } from 'ulid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeSpendStore } from '../../src/adapters/dynamodb/spend-store.ts'
import { random } from '../../src/adapters/system.ts'
import { rollUp } from '../../src/spend/roll-up.ts'
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts'
import { anyNodeId, type Spent, spentDecision } from '../support/spent-decision.ts'

const firstOfNovember = Date.UTC(2026, 10, 1, 12)
const lastOfOctober = Date.UTC(2026, 9, 31, 12)
const one = `acct_${ulid(firstOfNovember)}`
const other = `acct_${ulid(firstOfNovember + 1)}`
const [keyOne, keyTwo] = [`key_${ulid(firstOfNovember)}`, `key_${ulid(firstOfNovember + 1)}`]
const november = 'from=2026-11-01&to=2026-11-30'

let plane: ControlPlane
beforeAll(async () => {
  plane = await startControlPlane()
  const paid: Spent[] = [
    { takenAtMs: lastOfOctober, accountId: one, keyId: keyOne, model: 'm/1', charge: 1_000n },
    { takenAtMs: firstOfNovember, accountId: one, keyId: keyOne, model: 'm/1', charge: 10_000n },
    { takenAtMs: firstOfNovember, accountId: one, keyId: keyTwo, model: 'm/2', charge: 20_001n },
    { takenAtMs: firstOfNovember, accountId: other, keyId: null, model: 'm/2', nodeId: null },
  ]
  await rollUp(
    {
      store: makeSpendStore(plane, { random }),
      tagsOf: async (accountId) => (accountId === one ? { team: 'red', site: 'x' } : {}),
      timeOfId: decodeTime,
      nowMs: () => firstOfNovember + 1_000,
      onFailure: ({ error }) => {
        throw error
      },
    },
    paid.map(spentDecision).map((decision) => ({
      place: decision.holdId,
      decidedAtMs: decodeTime(decision.holdId) + 500,
      read: () => decision,
    })),
  )
})
afterAll(() => plane.stop())

const ask = (query: string) => plane.operate('GET', `/spend?${query}`)
const rowsOf = async (query: string) => {
  const { status, body } = await ask(query)
  expect(status).toBe(200)
  return body
}

describe('spend', () => {
  test('by day has all that a day came to, its total, and how fresh it is', async () => {
    const all = {
      requests: 3,
      completed: 2,
      partial: 0,
      failed: 1,
      expired: 0,
      prompt_tokens: 24,
      cached_prompt_tokens: 4,
      completion_tokens: 10,
      units: 0,
      charge_usd: '0.000030001',
      host_share_usd: '0.0000255',
      fee_usd: '0.000004501',
    }
    expect(await rowsOf(`by=day&${november}`)).toEqual({
      object: 'list',
      by: 'day',
      from: '2026-11-01',
      to: '2026-11-30',
      as_of: '2026-11-01T12:00:00.500Z',
      data: [{ day: '2026-11-01', ...all }],
      total: all,
      has_more: false,
      next: null,
    })
  })

  test('by account sums over the days and months asked for', async () => {
    const body = await rowsOf('by=account&from=2026-10-31&to=2026-11-01')
    expect(body).toMatchObject({
      data: [
        { account_id: one, requests: 3, charge_usd: '0.000031001' },
        { account_id: other, requests: 1, charge_usd: '0' },
      ],
      total: { requests: 4, charge_usd: '0.000031001' },
    })
  })

  test.each([
    [
      'key',
      [
        { account_id: one, key_id: keyOne },
        { account_id: one, key_id: keyTwo },
      ],
    ],
    ['model', [{ model: 'm/1' }, { model: 'm/2' }]],
    ['node', [{ node_id: anyNodeId }]],
    ['tag', [{ tag: 'site=x' }, { tag: 'team=red' }]],
  ])('by %s names each', async (by, names) => {
    expect(await rowsOf(`by=${by}&${november}`)).toMatchObject({ data: names })
  })

  test('by account comes in pages', async () => {
    const first = await rowsOf(`by=account&${november}&limit=1`)
    expect(first).toMatchObject({ data: [{ account_id: one }], has_more: true, next: one })
    const second = await rowsOf(`by=account&${november}&limit=1&after=${one}`)
    expect(second).toMatchObject({ data: [{ account_id: other }], has_more: false, next: null })
    expect(second.total).toEqual(first.total)
  })

  test.each([
    [`by=day&account_id=${other}`, { data: [{ day: '2026-11-01', failed: 1 }] }],
    [`by=day&key_id=${keyTwo}&account_id=${one}`, { data: [{ charge_usd: '0.000020001' }] }],
    ['by=day&model=m/1', { total: { requests: 1 } }],
    [`by=day&node_id=${anyNodeId}`, { total: { requests: 2 } }],
    ['by=tag&tag=team%3Dred', { data: [{ tag: 'team=red', requests: 2 }] }],
    [`by=key&account_id=${one}`, { data: [{ key_id: keyOne }, { key_id: keyTwo }] }],
    ['by=model&model=m/none', { data: [], total: { requests: 0 }, as_of: null }],
  ])('of one of them: %s', async (query, expected) => {
    expect(await rowsOf(`${query}&${november}`)).toMatchObject(expected)
  })

  test.each([
    ['by=hour&from=2026-11-01&to=2026-11-02', 'by'],
    ['by=day&to=2026-11-02', 'from'],
    ['by=day&from=2026-11-31&to=2026-12-01', 'from'],
    ['by=day&from=2026-11-02&to=2026-11-01', 'to'],
    ['by=day&from=2026-09-01&to=2026-12-02', 'to'],
    [`by=model&account_id=${one}&${november}`, 'by'],
    [`by=key&account_id=${one}&after=acct_x&${november}`, 'after'],
    [`by=day&account_id=${one}&model=m/1&${november}`, null],
    [`by=day&tag=red&${november}`, 'tag'],
    [`by=day&team=red&${november}`, 'team'],
  ])('is refused for %s', async (query, param) => {
    expect(await ask(query)).toMatchObject({ status: 400, error: { param } })
  })

  test('of a key that nobody has is not found', async () => {
    const reply = await ask(`by=day&key_id=key_${ulid(1)}&${november}`)
    expect(reply).toMatchObject({ status: 404, error: { code: 'key_not_found' } })
  })

  test('of 92 days is answered, the most there is', async () => {
    expect((await ask('by=day&from=2026-09-01&to=2026-12-01')).status).toBe(200)
  })
})
