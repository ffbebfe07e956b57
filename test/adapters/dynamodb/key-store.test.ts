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

async function anAccount(): Promise<string> {
  const accountId = anAccountId()
  const account = { accountId, name: 'Customer', smoke: false, createdAtMs: nowMs }
  await makeAccountStore(engine).createAccount(account)
  return accountId
}

async function created(accountId: string, changes: Partial<CustomerKey> = {}) {
  const key = await keys.createKey(aKey(accountId, changes))
  if (!key) throw new Error('the key is created')
  return key
}

async function now({ keyId }: CustomerKey): Promise<CustomerKey> {
  const key = await keys.readById(keyId)
  if (!key) throw new Error('the key is there')
  return key
}

async function revokedOnWallet(accountId: string): Promise<readonly number[]> {
  const wallet = await makeSweepStore(engine).readWallet(accountId)
  return [...(wallet?.revokedKeyOrdinals ?? [])].toSorted()
}

async function itemsUnder(pk: string): Promise<number> {
  const query = {
    TableName: engine.tables.keys,
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': pk },
  }
  return (await engine.client.query(query)).Count ?? 0
}

describe('a key', () => {
  test('is found by hash, by id and in the list of its account', async () => {
    const accountId = await anAccount()
    const key = await created(accountId, {
      spendPerDay: 10n ** 18n + 1n,
      requestsPerMinute: 60,
      policy: { models_allowed: ['maker/*'], exposes_node_id: true },
    })
    expect(await keys.readByHash(key.keyHash)).toEqual(key)
    expect(await keys.readById(key.keyId)).toEqual(key)
    expect(await keys.listKeys(accountId)).toEqual([key])
  })

  test('that nobody made is found nowhere', async () => {
    const { keyHash, keyId, accountId } = aKey(anAccountId())
    expect(await keys.readByHash(keyHash)).toBeUndefined()
    expect(await keys.readById(keyId)).toBeUndefined()
    expect(await keys.listKeys(accountId)).toEqual([])
  })

  test('of an account that does not exist is not made, and nothing is written', async () => {
    const key = aKey(anAccountId())
    expect(await keys.createKey(key)).toBeUndefined()
    expect(await keys.readByHash(key.keyHash)).toBeUndefined()
    expect(await itemsUnder(`acct-keys#${key.accountId}`)).toBe(0)
  })

  test('is admitted by one read', async () => {
    const key = await created(await anAccount())
    const commands: string[] = []
    const watched = withFaults(engine, ({ command }) => commands.push(command ?? ''))
    expect(await makeKeyStore(watched).readByHash(key.keyHash)).toEqual(key)
    expect(commands).toEqual(['GetItem'])
  })
})

describe('ordinals', () => {
  test('count up from 1 within an account', async () => {
    const [one, other] = [await anAccount(), await anAccount()]
    expect((await created(one)).ordinal).toBe(1)
    expect((await created(one)).ordinal).toBe(2)
    expect((await created(other)).ordinal).toBe(1)
  })

  test('of keys made at the same time differ', async () => {
    const accountId = await anAccount()
    const made = await Promise.all(Array.from({ length: 12 }, () => created(accountId)))
    const ordinals = made.map(({ ordinal }) => ordinal).toSorted((a, b) => a - b)
    expect(ordinals).toEqual(Array.from({ length: 12 }, (_, index) => index + 1))
    expect((await keys.listKeys(accountId)).map(({ ordinal }) => ordinal)).toEqual(ordinals)
  })

  test('of revoked keys do not come back', async () => {
    const accountId = await anAccount()
    await keys.revokeKey(await created(accountId))
    expect((await created(accountId)).ordinal).toBe(2)
  })
})

describe('keys with caps', () => {
  const capped = { spendPerDay: 1_000_000_000n }

  test('are as many as the wallet has room for; keys without caps do not count', async () => {
    const accountId = await anAccount()
    const made: CustomerKey[] = []
    for (let count = 0; count < limits.keysWithLimitsPerWallet; count += 1) {
      made.push(await created(accountId, capped))
    }
    const refused = aKey(accountId, { requestsPerMinute: 60 })
    expect(await keys.createKey(refused)).toBeUndefined()
    expect(await keys.readById(refused.keyId)).toBeUndefined()
    await created(accountId)

    const [first] = made
    if (!first) throw new Error('a key was made')
    await keys.revokeKey(first)
    await keys.revokeKey(first)
    await created(accountId, capped)
    expect(await keys.createKey(aKey(accountId, capped))).toBeUndefined()
  })
})

describe('the list of an account', () => {
  test('is whole beyond one batch of reads and one page, in order of ordinals', async () => {
    const accountId = await anAccount()
    for (let count = 0; count < 110; count += 10) {
      await Promise.all(Array.from({ length: 10 }, () => created(accountId)))
    }
    const paged = withFaults(engine, ({ command, input }) => {
      if (command === 'Query') Object.assign(input, { Limit: 30 })
    })
    const listed = await makeKeyStore(paged).listKeys(accountId)
    expect(listed.map(({ ordinal }) => ordinal)).toEqual(
      Array.from({ length: 110 }, (_, index) => index + 1),
    )
  })
})

describe('revocation', () => {
  test('marks the key and its ordinal on the wallet', async () => {
    const accountId = await anAccount()
    const [kept, gone] = [await created(accountId), await created(accountId)]
    await keys.revokeKey(gone)
    expect(await keys.readByHash(gone.keyHash)).toEqual({
      ...gone,
      status: 'revoked',
      version: 2,
    })
    expect(await keys.readByHash(kept.keyHash)).toEqual(kept)
    expect(await revokedOnWallet(accountId)).toEqual([2])
  })

  test('twice is the same as once', async () => {
    const accountId = await anAccount()
    const key = await created(accountId)
    await Promise.all([keys.revokeKey(key), keys.revokeKey(key)])
    expect(await revokedOnWallet(accountId)).toEqual([key.ordinal])
  })

  test('ends what somebody else changed or replaced since it was read', async () => {
    const key = await created(await anAccount())
    await keys.changeKey(key, { name: 'other', requestsPerMinute: 5 })
    const next = { keyHash: `next ${key.keyHash}`, atMs: nowMs, graceMs: 60_000 }
    await keys.rotateKey(await now(key), next)
    await keys.revokeKey(key)
    expect(await now(key)).toMatchObject({ name: 'other', status: 'revoked' })
    for (const hash of [key.keyHash, next.keyHash]) {
      expect((await keys.readByHash(hash))?.status).toBe('revoked')
    }
  })

  test('that the wallet cannot take changes nothing', async () => {
    const key = { ...(await created(await anAccount())), accountId: anAccountId() }
    await expect(keys.revokeKey(key)).rejects.toThrow('an account with a wallet')
    expect((await keys.readByHash(key.keyHash))?.status).toBe('active')
    expect(await makeSweepStore(engine).readWallet(key.accountId)).toBeUndefined()
  })
})
