import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../../../src/adapters/dynamodb/client.ts'
import { transact } from '../../../src/adapters/dynamodb/transact.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { cancelled } from './cancelled.ts'
import { withFaults } from './faults.ts'

let engine: EmbeddedDynamodb
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
})
afterAll(() => engine.stop())

const putNew = ({ tables }: Database, pk: string) => ({
  Put: {
    TableName: tables.keys,
    Item: { pk, sk: 'one' },
    ConditionExpression: 'attribute_not_exists(pk)',
  },
})

async function isStored({ client, tables }: Database, pk: string): Promise<boolean> {
  const { Item } = await client.get({ TableName: tables.keys, Key: { pk, sk: 'one' } })
  return Item !== undefined
}

const ofCancellation = { name: 'TransactionCanceledException' }

/** A client whose first transactions are cancelled for these reasons, and the pauses it took. */
function contended(cancellations: readonly (readonly string[])[]) {
  const left = [...cancellations]
  const pauses: number[] = []
  let sent = 0
  const database = withFaults(engine, () => {
    sent += 1
    const codes = left.shift()
    if (codes) throw cancelled(...codes)
  })
  const run = (items: Parameters<typeof transact>[1]) =>
    transact(database, items, {
      sleep: async (durationMs) => {
        pauses.push(durationMs)
      },
      random: () => 1,
    })
  return { database, run, pauses, sent: () => sent }
}

describe('a transaction', () => {
  test('writes all of its items', async () => {
    const outcome = await transact(engine, [putNew(engine, 'a1'), putNew(engine, 'a2')])
    expect(outcome).toEqual({ kind: 'committed' })
    expect(await isStored(engine, 'a1')).toBe(true)
    expect(await isStored(engine, 'a2')).toBe(true)
  })

  test('tells whose conditions failed and writes nothing', async () => {
    await engine.client.put({ TableName: engine.tables.keys, Item: { pk: 'b2', sk: 'one' } })
    const items = ['b1', 'b2', 'b3'].map((pk) => putNew(engine, pk))
    const refused = { kind: 'refused', failed: [1], isPartial: false }
    expect(await transact(engine, items)).toMatchObject(refused)
    expect(await isStored(engine, 'b1')).toBe(false)
    expect(await isStored(engine, 'b3')).toBe(false)
  })

  test('tells what stood in the way of the writes that ask for it', async () => {
    const items = ['h1', 'h2', 'h3'].map((pk) => putNew(engine, pk).Put)
    const [one, two, three] = items
    if (!one || !two || !three) throw new Error('there are three')
    await transact(engine, [{ Put: one }, { Put: three }])
    const asking = { ...three, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const }
    const outcome = await transact(engine, [{ Put: one }, { Put: two }, { Put: asking }])
    expect(outcome).toEqual({
      kind: 'refused',
      failed: [0, 2],
      found: new Map([[2, { pk: 'h3', sk: 'one' }]]),
      isPartial: false,
    })
  })

  test('that was throttled on an item is tried again as well', async () => {
    const { database, run, sent } = contended([['None', 'ThrottlingError']])
    const outcome = await run([putNew(database, 'i1'), putNew(database, 'i2')])
    expect(outcome).toEqual({ kind: 'committed' })
    expect(sent()).toBe(2)
  })

  test('that met another write is tried again after a growing pause', async () => {
    const conflict = ['TransactionConflict', 'None']
    const { database, run, pauses, sent } = contended([conflict, conflict, conflict])
    const outcome = await run([putNew(database, 'c1'), putNew(database, 'c2')])
    expect(outcome).toEqual({ kind: 'committed' })
    expect(sent()).toBe(4)
    expect(pauses).toEqual([20, 40, 80])
  })

  test('with a failed condition is not tried again, even where another item was contended', async () => {
    const { database, run, sent } = contended([['ConditionalCheckFailed', 'TransactionConflict']])
    const outcome = await run([putNew(database, 'd1'), putNew(database, 'd2')])
    expect(outcome).toEqual({ kind: 'refused', failed: [0], found: new Map(), isPartial: true })
    expect(sent()).toBe(1)
  })

  test('is given up after eight attempts, with pauses of at most half a second', async () => {
    const { database, run, pauses, sent } = contended(Array(20).fill(['TransactionConflict']))
    await expect(run([putNew(database, 'e1')])).rejects.toMatchObject(ofCancellation)
    expect(sent()).toBe(8)
    expect(Math.max(...pauses)).toBe(500)
  })

  test('cancelled for any other reason is an error', async () => {
    const { database, run, sent } = contended([['ValidationError']])
    await expect(run([putNew(database, 'f1')])).rejects.toMatchObject(ofCancellation)
    expect(sent()).toBe(1)
  })

  test('has at least one item and at most a hundred', async () => {
    const many = Array.from({ length: 101 }, (_, index) => putNew(engine, `g${index}`))
    await expect(transact(engine, [])).rejects.toThrow('1 to 100 items')
    await expect(transact(engine, many)).rejects.toThrow('1 to 100 items')
  })
})
