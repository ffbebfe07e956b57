/** Writes of the Keys table: customers' keys, operators' keys, join codes. */
import { makeAccountStore } from '../../src/adapters/dynamodb/account-store.ts'
import type { Database } from '../../src/adapters/dynamodb/client.ts'
import { makeFleetStore } from '../../src/adapters/dynamodb/fleet-store.ts'
import { makeJoinCodeStore } from '../../src/adapters/dynamodb/join-code-store.ts'
import { makeKeyStore } from '../../src/adapters/dynamodb/key-store.ts'
import { makeOperatorKeyStore } from '../../src/adapters/dynamodb/operator-key-store.ts'
import type { OperatorKey } from '../../src/keys/api-key.ts'
import { aJoinCode, aKey, aNode, anAccountId, nowMs } from '../adapters/dynamodb/facts.ts'
import type { WriteCase } from './write-case.ts'

const accountId = anAccountId()
const key = aKey(accountId)
const cappedKey = aKey(accountId, { spendPerDay: 1_000_000_000n })
const otherCappedKey = aKey(accountId, { requestsPerMinute: 60 })
const code = aJoinCode()
const node = aNode()

const anOwner = (keyId: string): OperatorKey => ({
  keyId,
  keyHash: `hash of ${keyId}`,
  name: 'owner',
  role: 'owner',
  status: 'active',
})

const bootstrap = (database: Database) =>
  makeOperatorKeyStore(database).bootstrapOwner(anOwner('key_1'))

const openAccount = (database: Database) =>
  makeAccountStore(database).createAccount({
    accountId,
    name: 'Customer',
    smoke: false,
    createdAtMs: nowMs,
  })

async function openAccountWithKey(database: Database) {
  await openAccount(database)
  await makeKeyStore(database).createKey(cappedKey)
}

async function storedKey(database: Database, { keyId } = cappedKey) {
  const stored = await makeKeyStore(database).readById(keyId)
  if (!stored) throw new Error('the key is stored')
  return stored
}

const revoke = async (database: Database) =>
  makeKeyStore(database).revokeKey(await storedKey(database))

const rotate = async (database: Database) => {
  const next = { keyHash: 'hash of the next secret', atMs: nowMs, graceMs: 60_000 }
  return makeKeyStore(database).rotateKey(await storedKey(database), next)
}

/** A lost try may have taken an ordinal: ordinals only have to differ, a gap means nothing. */
const mayDiffer = ['ordinal', 'ordinals']

export const keyCases: readonly WriteCase[] = [
  {
    file: 'key-store',
    method: 'createKey',
    as: 'without caps',
    given: openAccount,
    write: (database) => makeKeyStore(database).createKey(key),
    mayDiffer,
  },
  {
    file: 'key-store',
    method: 'createKey',
    as: 'with caps',
    given: openAccountWithKey,
    write: (database) => makeKeyStore(database).createKey(otherCappedKey),
    mayDiffer,
  },
  {
    file: 'key-store',
    method: 'changeKey',
    as: 'of a counted key',
    given: openAccountWithKey,
    write: async (database) =>
      makeKeyStore(database).changeKey(await storedKey(database), { spendPerDay: 5n }),
  },
  {
    file: 'key-store',
    method: 'changeKey',
    as: 'of a key that begins to count',
    given: async (database) => {
      await openAccount(database)
      await makeKeyStore(database).createKey(key)
    },
    write: async (database) =>
      makeKeyStore(database).changeKey(await storedKey(database, key), { concurrency: 2 }),
    mayDiffer,
  },
  {
    file: 'key-store',
    method: 'rotateKey',
    as: 'with a grace',
    given: openAccountWithKey,
    write: rotate,
  },
  {
    file: 'key-store',
    method: 'revokeKey',
    as: 'of a key replaced since it was read',
    given: async (database) => {
      await openAccountWithKey(database)
      await rotate(database)
    },
    write: async (database) => {
      const stored = await storedKey(database)
      const { keyHash } = cappedKey
      return makeKeyStore(database).revokeKey({ ...stored, keyHash, secret: 1, version: 1 })
    },
  },
  {
    file: 'key-store',
    method: 'revokeKey',
    as: 'of an active key',
    given: openAccountWithKey,
    write: revoke,
  },
  {
    file: 'key-store',
    method: 'revokeKey',
    as: 'of a key revoked before',
    given: async (database) => {
      await openAccountWithKey(database)
      await revoke(database)
    },
    // What the caller read while the key was active.
    write: async (database) =>
      makeKeyStore(database).revokeKey({ ...(await storedKey(database)), status: 'active' }),
  },
  {
    file: 'operator-key-store',
    method: 'bootstrapOwner',
    as: 'for the first time',
    write: bootstrap,
  },
  {
    file: 'operator-key-store',
    method: 'bootstrapOwner',
    as: 'after somebody else',
    given: bootstrap,
    write: (database) => makeOperatorKeyStore(database).bootstrapOwner(anOwner('key_2')),
  },
  {
    file: 'operator-key-store',
    method: 'createOperator',
    as: 'beside the first',
    given: bootstrap,
    write: (database) => makeOperatorKeyStore(database).createOperator(anOwner('key_2')),
  },
  {
    file: 'operator-key-store',
    method: 'revokeOperator',
    as: 'of one of two',
    given: async (database) => {
      await bootstrap(database)
      await makeOperatorKeyStore(database).createOperator(anOwner('key_2'))
    },
    write: (database) => makeOperatorKeyStore(database).revokeOperator('key_2'),
  },
  {
    file: 'operator-key-store',
    method: 'revokeOperator',
    as: 'of the last owner',
    given: bootstrap,
    write: (database) => makeOperatorKeyStore(database).revokeOperator('key_1'),
  },
  {
    file: 'join-code-store',
    method: 'putJoinCode',
    as: 'of a new code',
    write: (database) => makeJoinCodeStore(database).putJoinCode(code),
  },
  {
    file: 'join-code-store',
    method: 'putJoinCode',
    as: 'of a used code',
    given: async (database) => {
      await makeJoinCodeStore(database).putJoinCode(code)
      await makeFleetStore(database).enrolNode(node, code.codeHash)
    },
    write: (database) => makeJoinCodeStore(database).putJoinCode(code),
  },
]
