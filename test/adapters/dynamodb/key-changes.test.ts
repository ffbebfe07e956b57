// A key that changes while it is in use: its rules, its limits, its secret.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeAccountStore } from '../../../src/adapters/dynamodb/account-store.ts'
import { makeKeyStore } from '../../../src/adapters/dynamodb/key-store.ts'
import { makeSweepStore } from '../../../src/adapters/dynamodb/sweep-store.ts'
import type { CustomerKey, KeyStore } from '../../../src/keys/api-key.ts'
import { limits } from '../../../src/protocol/limits.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { aKey, anAccountId, nowMs } from './facts.ts'
import { withFaults } from './faults.ts'

let engine: EmbeddedDynamodb
let keys: KeyStore
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
  keys = makeKeyStore(engine)
})
afterAll(() => engine.stop())

async function created(changes: Partial<CustomerKey> = {}, accountId?: string) {
  const account = accountId ?? (await anAccount())
  const key = await keys.createKey(aKey(account, changes))
  if (!key) throw new Error('the key is created')
  return key
}

async function anAccount(): Promise<string> {
  const account = { accountId: anAccountId(), name: 'Customer', smoke: false, createdAtMs: nowMs }
  await makeAccountStore(engine).createAccount(account)
  return account.accountId
}

async function changed(key: CustomerKey, change: Parameters<KeyStore['changeKey']>[1]) {
  const outcome = await keys.changeKey(key, change)
  if (outcome.kind !== 'changed') throw new Error(`the change is ${outcome.kind}`)
  return outcome.key
}

let secrets = 0
async function rotated(key: CustomerKey, graceMs = 0) {
  secrets += 1
  const keyHash = `${key.keyHash} ${secrets}`
  const outcome = await keys.rotateKey(key, { keyHash, atMs: nowMs, graceMs })
  if (outcome.kind !== 'changed') throw new Error(`the rotation is ${outcome.kind}`)
  return outcome.key
}

const oldestSecret = async ({ accountId, ordinal }: CustomerKey) =>
  (await makeSweepStore(engine).readWallet(accountId))?.oldestSecrets.get(ordinal)

describe('a change', () => {
  test('is there wherever the key is found, and takes away what it names as undefined', async () => {
    const key = await created({ requestsPerMinute: 5, expiresAtMs: nowMs + 1 })
    const after = await changed(key, {
      name: 'other',
      policy: { exposes_node_id: true, models_denied: ['maker/*'] },
      requestsPerMinute: undefined,
      spendPerDay: 7n,
      spendTightenedAtMs: nowMs,
      expiresAtMs: undefined,
    })
    expect(after).toEqual({
      ...key,
      name: 'other',
      policy: { exposes_node_id: true, models_denied: ['maker/*'] },
      requestsPerMinute: undefined,
      spendPerDay: 7n,
      spendTightenedAtMs: nowMs,
      expiresAtMs: undefined,
      version: 2,
    })
    expect(await keys.readByHash(key.keyHash)).toEqual(after)
    expect(await keys.readById(key.keyId)).toEqual(after)
    expect(await keys.listKeys(key.accountId)).toEqual([after])
  })

  test('of limits, and of nothing else, is told to the wallet', async () => {
    const key = await created()
    const limitVersion = async () =>
      (await makeSweepStore(engine).readWallet(key.accountId))?.limitVersions.get(key.ordinal)
    const renamed = await changed(key, { name: 'other', spendTightenedAtMs: nowMs })
    expect(await limitVersion()).toBeUndefined()
    await changed(await changed(renamed, { concurrency: 1 }), { concurrency: 2 })
    expect(await limitVersion()).toBe(4)
  })

  test('of a key that has been changed since it was read is refused', async () => {
    const key = await created()
    const outcomes = await Promise.all(
      ['one', 'other'].map((name) => keys.changeKey(key, { name })),
    )
    expect(outcomes.map(({ kind }) => kind).toSorted()).toEqual(['changed', 'stale'])
    await keys.revokeKey(key)
    expect(await keys.changeKey(key, { name: 'late' })).toEqual({ kind: 'stale' })
  })

  test('takes room on the wallet with the first limit, and gives it back with the last', async () => {
    const accountId = await anAccount()
    const key = await created({}, accountId)
    const others = await Promise.all(
      Array.from({ length: limits.keysWithLimitsPerWallet - 1 }, () =>
        created({ concurrency: 1 }, accountId),
      ),
    )
    const limited = await changed(key, { spendPerDay: 1n })
    const late = await created({}, accountId)
    expect(await keys.changeKey(late, { spendPerDay: 1n })).toEqual({ kind: 'no_room' })
    expect(await keys.readById(late.keyId)).toEqual(late)
    const other = await changed(limited, { spendPerDay: undefined, concurrency: 1 })
    expect(await keys.changeKey(late, { spendPerDay: 1n })).toEqual({ kind: 'no_room' })
    await keys.revokeKey(await changed(other, { concurrency: undefined }))
    await changed(late, { spendPerDay: 1n })
    const last = await created({}, accountId)
    expect(await keys.changeKey(last, { spendPerDay: 1n })).toEqual({ kind: 'no_room' })
    const [first] = others
    if (first) await keys.revokeKey(first)
    expect(await keys.changeKey(last, { spendPerDay: 1n })).toMatchObject({ kind: 'changed' })
  })
})

describe('another secret', () => {
  test('opens the same key, and the one before it nothing any more', async () => {
    const key = await created({ requestsPerMinute: 5 })
    const next = await rotated(key)
    expect(next).toEqual({ ...key, keyHash: next.keyHash, secret: 2, version: 2 })
    expect(await keys.readByHash(next.keyHash)).toEqual(next)
    expect(await keys.readById(key.keyId)).toEqual(next)
    expect(await keys.listKeys(key.accountId)).toEqual([next])
    expect((await keys.readByHash(key.keyHash))?.expiresAtMs).toBe(nowMs)
    expect(await oldestSecret(key)).toBe(2)
  })

  test('lets the one before it open the key as it is, until the grace ends', async () => {
    const key = await created()
    const next = await changed(await rotated(key, 60_000), { name: 'other' })
    expect(next.previousSecretUntilMs).toBe(nowMs + 60_000)
    expect(await oldestSecret(key)).toBe(1)
    expect(await keys.readByHash(key.keyHash)).toEqual({
      ...next,
      secret: 1,
      expiresAtMs: nowMs + 60_000,
    })
    const brief = await changed(next, { expiresAtMs: nowMs + 5 })
    expect(await keys.readByHash(key.keyHash)).toEqual({ ...brief, secret: 1 })
  })

  test('ends the secret before the one before it, whatever its grace was', async () => {
    const first = await created()
    const second = await rotated(first, 60_000)
    const third = await rotated(second, 60_000)
    expect(await keys.readByHash(first.keyHash)).toBeUndefined()
    expect(await keys.readByHash(second.keyHash)).toMatchObject({ secret: 2 })
    expect(await keys.readByHash(third.keyHash)).toEqual(third)
    expect(await oldestSecret(first)).toBe(2)
  })

  test('is made once of two that are asked for at the same time', async () => {
    const key = await created()
    const asked = ['a', 'b'].map((name) => ({
      keyHash: `${name}${key.keyHash}`,
      atMs: 1,
      graceMs: 0,
    }))
    const outcomes = await Promise.all(asked.map((next) => keys.rotateKey(key, next)))
    expect(outcomes.map(({ kind }) => kind).toSorted()).toEqual(['changed', 'stale'])
    const found = await Promise.all(asked.map(({ keyHash }) => keys.readByHash(keyHash)))
    expect(found.filter((one) => one !== undefined)).toHaveLength(1)
  })

  test('is found by whoever read the pointers just before', async () => {
    const key = await created()
    let next: CustomerKey | undefined
    const late = withFaults(engine, async ({ command }) => {
      const isSecondRead = command === 'GetItem' || command === 'BatchGetItem'
      if (isSecondRead && !next) next = await rotated(key)
    })
    expect(await makeKeyStore(late).listKeys(key.accountId)).toEqual([next])
  })
})
