import { PutCommand } from '@aws-sdk/lib-dynamodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { batchGet } from '../../../src/adapters/dynamodb/batch-get.ts'
import { makeDatabase } from '../../../src/adapters/dynamodb/client.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'

let engine: EmbeddedDynamodb
const key = (pk: string) => ({ pk, sk: 'one' })
const noPauses = { sleep: async () => undefined, random: () => 0 }

beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
  for (const pk of ['a', 'b', 'c']) {
    const command = new PutCommand({ TableName: engine.tables.keys, Item: key(pk) })
    await engine.client.send(command)
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
  const database = makeDatabase(engine)
  let replies = 0
  database.client.middlewareStack.add(
    (next) => async (args) => {
      const { RequestItems } = BatchOfOneTable.parse(args.input)
      const [[table, request] = []] = Object.entries(RequestItems)
      if (!table || !request) return next(args)
      replies += 1
      const { Keys, ...rest } = request
      const left = Keys.slice(perReply)
      const kept = { ...rest, Keys: Keys.slice(0, Math.max(1, perReply)) }
      const result = await next({
        ...args,
        input: { ...args.input, RequestItems: { [table]: kept } },
      })
      const UnprocessedKeys = left.length > 0 ? { [table]: { ...rest, Keys: left } } : {}
      const none = perReply === 0 ? { Responses: { [table]: [] } } : {}
      return { ...result, output: { ...result.output, ...none, UnprocessedKeys } }
    },
    { step: 'initialize', name: 'testPartialReplies' },
  )
  return { database, replies: () => replies }
}

const read = (database: EmbeddedDynamodb | ReturnType<typeof makeDatabase>, pks: string[]) =>
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
