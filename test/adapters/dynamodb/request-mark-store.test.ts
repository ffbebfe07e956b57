import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeRequestMarkStore } from '../../../src/adapters/dynamodb/request-mark-store.ts'
import { ids, nowMs } from '../../../src/adapters/system.ts'
import { startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'

let database: Awaited<ReturnType<typeof startEmbeddedDynamodb>>
beforeAll(async () => {
  database = await startEmbeddedDynamodb()
})
afterAll(() => database.stop())

const store = () => makeRequestMarkStore(database)
const newHold = () => ids.ulid(nowMs())
const expiresAtSec = 2_000_000_000

describe('a cancel', () => {
  test('is found among the requests that run, with the key that asked', async () => {
    const [one, other] = [newHold(), newHold()]
    await store().putCancel({ holdId: one, keyId: 'key_1', expiresAtSec })
    expect(await store().readCancels([one, other])).toEqual(new Map([[one, 'key_1']]))
    expect(await store().readCancels([other])).toEqual(new Map())
  })

  test('is looked for among 100 at a time, and no more', async () => {
    const holds = Array.from({ length: 100 }, newHold)
    expect(await store().readCancels(holds)).toEqual(new Map())
    await expect(store().readCancels([...holds, newHold()])).rejects.toThrow('at most 100')
  })
})

describe('a retry', () => {
  test('is taken once, and again for the asker that may not have heard', async () => {
    const [first, one, other] = [newHold(), newHold(), newHold()]
    const take = (byHoldId: string) =>
      store().takeRetry({ ofHoldId: first, byHoldId, expiresAtSec })
    expect(await take(one)).toBe(true)
    expect(await take(other)).toBe(false)
    expect(await take(one)).toBe(true)
  })

  test('is taken by one of many that ask at once', async () => {
    const first = newHold()
    const askers = Array.from({ length: 8 }, newHold)
    const taken = await Promise.all(
      askers.map((byHoldId) => store().takeRetry({ ofHoldId: first, byHoldId, expiresAtSec })),
    )
    expect(taken.filter(Boolean)).toHaveLength(1)
  })
})
