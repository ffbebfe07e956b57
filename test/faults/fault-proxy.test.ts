// The proxy itself: that each fault really happens, where the plan says and not elsewhere.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { cancellationReasons } from '../../src/adapters/dynamodb/client/errors.ts'
import { type Database, makeDatabase } from '../../src/adapters/dynamodb/client.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../support/embedded-dynamodb.ts'
import {
  type Fault,
  type FaultProxy,
  isWrite,
  startFaultProxy,
  type WireRequest,
} from '../support/fault-proxy.ts'

let engine: EmbeddedDynamodb
let proxy: FaultProxy
/** `once` sends a single time, so that every fault shows as it is. */
let wired: Database
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
})
beforeEach(async () => {
  proxy = await startFaultProxy(engine.endpoint)
  wired = makeDatabase({ tables: engine.tables, endpoint: proxy.endpoint })
})
afterEach(() => proxy.stop())
afterAll(() => engine.stop())

/** Counts its own commits: what was written twice shows 2. */
const increment = (pk: string) => ({
  TableName: engine.tables.keys,
  Key: { pk, sk: 'count' },
  UpdateExpression: 'ADD commits :one',
  ExpressionAttributeValues: { ':one': 1 },
})
const send = (pk: string) => wired.once.update(increment(pk))
const heard = (pk: string): Promise<string> =>
  send(pk).then(
    () => 'an answer',
    (error: unknown) => (error instanceof Error ? error.name : 'a fault'),
  )

async function commits(pk: string): Promise<number> {
  const Key = increment(pk).Key
  const get = { TableName: engine.tables.keys, Key, ConsistentRead: true }
  return Number((await engine.client.get(get)).Item?.commits ?? 0)
}

const forItem =
  (pk: string) =>
  ({ body }: WireRequest): boolean =>
    JSON.stringify(body.Key).includes(`"${pk}"`)

describe('a fault', () => {
  test.each<[Fault, string, number]>([
    [{ kind: 'reply lost' }, 'ConnectionError', 1],
    [{ kind: 'request lost' }, 'ConnectionError', 0],
    [{ kind: 'throttled', by: 'capacity' }, 'ProvisionedThroughputExceededException', 0],
    [{ kind: 'throttled', by: 'rate' }, 'ThrottlingException', 0],
    [{ kind: 'conflict' }, 'TransactionConflictException', 0],
    [{ kind: 'server error', isCommitted: true }, 'InternalServerError', 1],
    [{ kind: 'server error', isCommitted: false }, 'InternalServerError', 0],
    [{ kind: 'delayed', delayMs: 30 }, 'an answer', 1],
    [{ kind: 'late' }, 'ConnectionError', 0],
  ])('%o: the client hears %s, and the engine has committed %i', async (fault, word, count) => {
    const pk = JSON.stringify(fault)
    proxy.plan({ fault, on: isWrite })
    expect(await heard(pk)).toBe(word)
    expect(await commits(pk)).toBe(count)
    expect(proxy.done.map(({ operation, fate }) => [operation, fate])).toEqual([
      ['UpdateItem', fault.kind],
    ])
    expect(await heard(pk)).toBe('an answer')
    expect(proxy.count('passed')).toBe(1)
  })

  test('conflict cancels a transaction with its reasons', async () => {
    proxy.plan({ fault: { kind: 'conflict' }, on: isWrite })
    const items = ['t1', 't2'].map((pk) => ({ Update: increment(pk) }))
    const sent = wired.once.transactWrite({ TransactItems: items })
    const error: unknown = await sent.catch((thrown: unknown) => thrown)
    const codes = cancellationReasons(error).map(({ code }) => code)
    expect(codes).toEqual(['TransactionConflict', 'None'])
    expect(await commits('t1')).toBe(0)
  })

  test('late commits when it is released', async () => {
    proxy.plan({ fault: { kind: 'late' }, on: isWrite })
    await heard('released')
    expect(await proxy.release()).toEqual([200])
    expect(await commits('released')).toBe(1)
    expect(await proxy.release()).toEqual([])
  })

  test('late commits behind as many others as it was to be overtaken by', async () => {
    proxy.plan({ fault: { kind: 'late', overtakenBy: 2 }, on: isWrite })
    await heard('overtaken')
    await heard('another')
    expect(await commits('overtaken')).toBe(0)
    await heard('another')
    expect(await commits('overtaken')).toBe(1)
  })

  test('delay beyond what the client waits commits all the same', async () => {
    proxy.plan({ fault: { kind: 'delayed', delayMs: 3_000 }, on: isWrite })
    expect(await heard('slow')).toBe('TimeoutError')
    expect(await commits('slow')).toBe(0)
    await proxy.release()
    expect(await commits('slow')).toBe(1)
  })
})

describe('a plan', () => {
  test('lets some through first, hits as often as it says, and then no more', async () => {
    const fault: Fault = { kind: 'throttled', by: 'rate' }
    proxy.plan({ fault, on: isWrite, after: 1, times: 2 })
    for (let count = 0; count < 4; count += 1) await heard('counted')
    const fates = proxy.done.map(({ fate }) => fate)
    expect(fates).toEqual(['passed', 'throttled', 'throttled', 'passed'])
  })

  test('hits what it was made for and leaves the rest alone', async () => {
    proxy.plan({ fault: { kind: 'request lost' }, on: forItem('mine') })
    expect(await heard('yours')).toBe('an answer')
    expect(await heard('mine')).toBe('ConnectionError')
  })

  test('of several that fit: the first with hits left takes the request', async () => {
    proxy.plan(
      { fault: { kind: 'conflict' }, on: isWrite },
      { fault: { kind: 'throttled', by: 'rate' }, on: isWrite },
    )
    const words = [await heard('both'), await heard('both'), await heard('both')]
    expect(words).toEqual(['TransactionConflictException', 'ThrottlingException', 'an answer'])
  })
})

test('an engine that is gone looks gone', async () => {
  const nowhere = await startFaultProxy('http://127.0.0.1:9')
  try {
    const lost = makeDatabase({ tables: engine.tables, endpoint: nowhere.endpoint })
    await expect(lost.once.update(increment('gone'))).rejects.toThrow()
  } finally {
    await nowhere.stop()
  }
})
