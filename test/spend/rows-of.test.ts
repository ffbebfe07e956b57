import { describe, expect, test } from 'vitest'
import { rowsOf } from '../../src/spend/rows-of.ts'
import { noSpend } from '../../src/spend/spend.ts'
import { anyNodeId, type Spent, spentDecision } from '../support/spent-decision.ts'

const takenAtMs = Date.UTC(2026, 10, 21, 23, 59, 58)
const accountId = 'acct_01JABCDEFGHJKMNPQRSTVWXYZ1'
const keyId = 'key_01JABCDEFGHJKMNPQRSTVWXYZ2'

const rowsFor = (spent: Partial<Spent> = {}, tags = {}) =>
  rowsOf({
    decision: spentDecision({ takenAtMs, accountId, keyId, model: 'maker/model', ...spent }),
    takenAtMs,
    decidedAtMs: takenAtMs + 5_000,
    tags,
  })
const namesOf = (rows: ReturnType<typeof rowsFor>) =>
  rows.map(({ dimension, value }) => `${dimension}: ${value}`)

describe('a receipt adds', () => {
  test('to the day, its account, key, model, node and each tag of its account', () => {
    expect(namesOf(rowsFor({}, { team: 'red', site: 'a#b' }))).toEqual([
      'all: all',
      `account: ${accountId}`,
      `key: ${accountId}/${keyId}`,
      'model: maker/model',
      `node: ${anyNodeId}`,
      'tag: team=red',
      'tag: site=a#b',
    ])
  })

  test('to the UTC day on which its request was taken, however late it was decided', () => {
    expect(new Set(rowsFor().map(({ day }) => day))).toEqual(new Set(['2026-11-21']))
    expect(rowsFor()[0]?.newestMs).toBe(Date.UTC(2026, 10, 22, 0, 0, 3))
  })

  test('what was billed, and how it is shared', () => {
    const billed = { prompt: 100, cached_prompt: 40, completion: 7, units: 3 }
    const expected = {
      requests: 1n,
      completed: 1n,
      partial: 0n,
      failed: 0n,
      expired: 0n,
      promptTokens: 100n,
      cachedPromptTokens: 40n,
      completionTokens: 7n,
      units: 3n,
      charge: 2_001n,
      hostShare: 1_700n,
      fee: 301n,
    }
    for (const { spend } of rowsFor({ charge: 2_001n, billed })) expect(spend).toEqual(expected)
  })

  test.each(['completed', 'partial', 'failed', 'expired'] as const)('one to %s', (status) => {
    const [row] = rowsFor({ status, nodeId: null })
    expect(row?.spend).toEqual({ ...noSpend, requests: 1n, [status]: 1n })
  })

  test('nothing to a model, key or node that it does not name', () => {
    const rows = rowsFor({ keyId: null, model: null, nodeId: null, status: 'expired' })
    expect(namesOf(rows)).toEqual(['all: all', `account: ${accountId}`])
  })
})
