import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { batchGet } from '../../../src/adapters/dynamodb/batch-get.ts'
import { type Database, wrapCalls } from '../../../src/adapters/dynamodb/client.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'

let engine: EmbeddedDynamodb
const key = (pk: string) => ({ pk, sk: 'one' })
const noPauses = { sleep: async () => undefined, random: () => 0 }

beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
  for (const pk of ['a', 'b', 'c']) {
    await engine.client.put({ TableName: engine.tables.keys, Item: key(pk) })
  }
})
afterAll(() => engine.stop())

const BatchOfOneTable = z.object({
  RequestItems: z.record(
    z.string(),
    z.looseObject({ Keys: z.array(z.record(z.string(), z.unknown())) }),
  ),
})

/** A client to which the database answers at most `perReply` keys of each of its first replies. */
function partial(perReply: number) {
  let replies = 0
  const database = wrapCalls(engine, (call) => async (operation, input) => {
    const { RequestItems } = BatchOfOneTable.parse(input)
    const [[table, request] = []] = Object.entries(RequestItems)
    if (!table || !request) return call(operation, input)
    replies += 1
    const { Keys, ...rest } = request
    const left = Keys.slice(perReply)
    const kept = { ...rest, Keys: Keys.slice(0, Math.max(1, perReply)) }
    const reply = await call(operation, { ...input, RequestItems: { [table]: kept } })
    const UnprocessedKeys = left.length > 0 ? { [table]: left } : {}
    const none = perReply === 0 ? { Responses: { [table]: [] } } : {}
    return { ...reply, ...none, UnprocessedKeys }
  })
  return { database, replies: () => replies }
}

const read = (database: Database, pks: string[]) =>
  batchGet(database, { table: engine.tables.keys, keys: pks.map(key), consistent: true }, noPauses)

describe('a batch of reads', () => {
  test('brings the items that exist', async () => {
    const items = await read(engine, ['a', 'none', 'c'])
    expect(items.map(({ pk }) => pk).toSorted()).toEqual(['a', 'c'])
  })

  test('of nothing asks nothing', async () => {
    const { database, replies } = partial(1)
    expect(await read(database, [])).toEqual([])
    expect(replies()).toBe(0)
  })

  test('asks again for the keys that the database left', async () => {
    const { database, replies } = partial(1)
    const items = await read(database, ['a', 'b', 'c'])
    expect(items.map(({ pk }) => pk).toSorted()).toEqual(['a', 'b', 'c'])
    expect(replies()).toBe(3)
  })

  test('gives up after four replies that leave keys', async () => {
    const { database, replies } = partial(0)
    await expect(read(database, ['a', 'b'])).rejects.toThrow('left keys of a batch unread')
    expect(replies()).toBe(4)
  })

  test('has at most a hundred keys', async () => {
    const pks = Array.from({ length: 101 }, (_, index) => `k${index}`)
    await expect(read(engine, pks)).rejects.toThrow('at most 100 items')
  })
})
