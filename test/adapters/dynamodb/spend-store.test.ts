import { decodeTime } from 'ulid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeSpendStore } from '../../../src/adapters/dynamodb/spend-store.ts'
import { random } from '../../../src/adapters/system.ts'
import { dayMs } from '../../../src/protocol/clock.ts'
import type { SpendBatch, SpendRow, SpendStore } from '../../../src/spend/ports.ts'
import { type RollUpDeps, rollUp } from '../../../src/spend/roll-up.ts'
import { noSpend } from '../../../src/spend/spend.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { sumsOf } from '../../support/memory-spend.ts'
import { metered, unitsOf } from '../../support/metered-database.ts'
import { spentDecision } from '../../support/spent-decision.ts'

let engine: EmbeddedDynamodb
let store: SpendStore
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
  store = makeSpendStore(engine, { random })
})
afterAll(() => engine.stop())

/** Nano-USD beyond what a float holds. */
const large = 10n ** 24n + 1n

let holds = 0
const aHold = () => {
  holds += 1
  return { holdId: `hold-${holds}`, expiresAtSec: 2_000_000_000 }
}
const aRow = (row: Partial<SpendRow>): SpendRow => ({
  dimension: 'model',
  value: 'm',
  day: '2026-11-21',
  spend: { ...noSpend, requests: 1n, partial: 1n, units: 2n, charge: large },
  newestMs: 1_000,
  ...row,
})
const count = (...rows: SpendRow[]) => store.countSpend({ holds: [aHold()], rows })

const range = { from: '2026-10-30', to: '2026-12-02' }
const all = { prefix: '', after: undefined }

describe('sums', () => {
  test('grow by what is added, exactly, in however many stripes they stand', async () => {
    const subject = { dimension: 'model', value: 'grown' } as const
    for (let time = 0; time < 5; time += 1) await count(aRow({ ...subject, newestMs: time }))
    const rows = await Array.fromAsync(store.rowsOf(subject, range))
    expect([...sumsOf(rows).values()]).toEqual([
      { ...noSpend, requests: 5n, partial: 5n, units: 10n, charge: 5n * large },
    ])
    expect(Math.max(...rows.map(({ newestMs }) => newestMs))).toBe(4)
  })

  test('are written whole, once: a hold that is counted keeps out all that came with it', async () => {
    const [one, other] = [aHold(), aHold()]
    const batch: SpendBatch = { holds: [one], rows: [aRow({ value: 'once' })] }
    expect(await store.countSpend(batch)).toEqual({ kind: 'counted' })
    expect(await store.countSpend({ ...batch, holds: [other, one] })).toEqual({
      kind: 'known',
      holdIds: new Set([one.holdId]),
    })
    const rows = await Array.fromAsync(store.rowsOf(aRow({ value: 'once' }), range))
    expect(rows.map(({ spend }) => spend.requests)).toEqual([1n])
    // What was kept out is not remembered as counted.
    expect(await store.countSpend({ holds: [other], rows: [] })).toEqual({ kind: 'counted' })
  })

  test('of one value are those of its days, the first and the last included', async () => {
    const days = ['2026-10-29', '2026-10-30', '2026-11-15', '2026-12-02', '2026-12-03']
    for (const day of days) await count(aRow({ dimension: 'account', value: 'a1', day }))
    await count(aRow({ dimension: 'account', value: 'a10' }))
    const subject = { dimension: 'account', value: 'a1' } as const
    const rows = await Array.fromAsync(store.rowsOf(subject, range))
    expect(rows.map(({ day }) => day)).toEqual(days.slice(1, -1))
  })

  test('of all values come in order, over the months, from any of them on', async () => {
    const values = ['a=1', 'a=1#x', 'a=10', 'a=ä', 'b=%23']
    for (const day of ['2026-10-31', '2026-11-01', '2026-12-01', '2026-12-03']) {
      await count(...values.map((value) => aRow({ dimension: 'tag', value, day })))
    }
    const read = async (asked: { prefix: string; after: string | undefined }) => {
      const rows = store.rowsByValue({ dimension: 'tag', ...asked }, range)
      return (await Array.fromAsync(rows)).map(({ value, day }) => `${value} ${day.slice(5, 7)}`)
    }
    const inOrder = ['a=1', 'a=1#x', 'a=10', 'a=ä', 'b=%23'].flatMap((value) =>
      ['10', '11', '12'].map((month) => `${value} ${month}`),
    )
    expect((await read(all)).toSorted()).toEqual(inOrder.toSorted())
    const distinct = [...new Set((await read(all)).map((line) => line.slice(0, -3)))]
    expect(distinct).toHaveLength(values.length)
    for (const [index, value] of distinct.entries()) {
      const later = await read({ prefix: '', after: value })
      expect(later).toHaveLength(3 * (values.length - 1 - index))
    }
    expect(await read({ prefix: 'b=', after: undefined })).toHaveLength(3)
  })
})

test('a full batch costs three to four write units a receipt, a lone receipt fourteen', async () => {
  const { database, spent } = metered(engine)
  const nowMs = Date.now()
  const deps: RollUpDeps = {
    store: makeSpendStore(database, { random }),
    tagsOf: async () => ({ team: 'red' }),
    timeOfId: decodeTime,
    nowMs: () => nowMs,
    onFailure: ({ error }) => {
      throw error
    },
  }
  /** Receipts of a few seconds: 20 customers with a key each, 4 models, 10 hosts. */
  const unitsEach = async (receipts: number) => {
    spent.length = 0
    const decisions = Array.from({ length: receipts }, (_, index) =>
      spentDecision({
        takenAtMs: nowMs - dayMs,
        accountId: `acct_${String(index % 20).padStart(26, '0')}`,
        keyId: `key_${String(index % 20).padStart(26, '0')}`,
        model: `maker/model-${index % 4}`,
        nodeId: `n_${'abcdefghij'.charAt(index % 10).repeat(26)}`,
      }),
    )
    const delivered = decisions.map((decision) => ({
      place: decision.holdId,
      decidedAtMs: nowMs,
      read: () => decision,
    }))
    expect(await rollUp(deps, delivered)).toMatchObject({ counted: receipts })
    return unitsOf(spent) / receipts
  }
  expect(await unitsEach(100)).toBeLessThanOrEqual(4)
  expect(await unitsEach(1)).toBe(14)
  console.info(
    `write units a receipt, by size of batch: ${await unitsEach(100)}, ${await unitsEach(20)}`,
  )
})
