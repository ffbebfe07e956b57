import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeAccountStore } from '../../../src/adapters/dynamodb/account-store.ts'
import { makeAuditStore } from '../../../src/adapters/dynamodb/audit-store.ts'
import { enforceRights } from '../../../src/adapters/dynamodb/enforce-rights.ts'
import { accountKeyKey, keyKey } from '../../../src/adapters/dynamodb/items/key-item.ts'
import { makeKeyStore } from '../../../src/adapters/dynamodb/key-store.ts'
import { makeOperatorKeyStore } from '../../../src/adapters/dynamodb/operator-key-store.ts'
import { makeRequestMarkStore } from '../../../src/adapters/dynamodb/request-mark-store.ts'
import type { OperatorKey } from '../../../src/keys/api-key.ts'
import type { Principal } from '../../../src/rights.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { aRecord } from './audit-facts.ts'
import { aKey, anAccountId, nowMs } from './facts.ts'
import { withFaults } from './faults.ts'

let engine: EmbeddedDynamodb
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
})
afterAll(() => engine.stop())

const as = (principal: Principal) => enforceRights(engine, principal)
const denied = { name: 'AccessDeniedException' }
const owner: OperatorKey = {
  keyId: 'key_01JABCDEFGHJKMNPQRSTVWXYZ1',
  keyHash: 'taken-over',
  name: 'owner',
  role: 'owner',
  status: 'active',
}

describe.each(['gateway', 'ingest'] as const)('out of reach of the %s', (principal) => {
  test('are audit records, operators’ keys and customers’ keys', async () => {
    const database = as(principal)
    const TableName = engine.tables.keys
    const operators = makeOperatorKeyStore(database)
    await expect(makeAuditStore(database).begin(aRecord(), undefined)).rejects.toMatchObject(denied)
    await expect(operators.bootstrapOwner(owner)).rejects.toMatchObject(denied)
    await expect(operators.createOperator(owner)).rejects.toMatchObject(denied)
    for (const key of [keyKey('hash'), accountKeyKey(anAccountId(), owner.keyId)]) {
      const put = { TableName, Item: { ...key, status: 'active' } }
      const update = { TableName, Key: key, UpdateExpression: 'REMOVE accountId' }
      await expect(database.client.put(put)).rejects.toMatchObject(denied)
      await expect(database.client.update(update)).rejects.toMatchObject(denied)
    }
  })
})

test('a gateway marks requests, and a bootstrap makes the first owner on record', async () => {
  const marks = makeRequestMarkStore(as('gateway'))
  const mark = { byHoldId: 'later', expiresAtSec: 2_000_000_000 }
  expect(await marks.takeRetry({ ofHoldId: 'earlier', ...mark })).toBe(true)
  const bootstrap = as('bootstrap')
  expect(await makeAuditStore(bootstrap).begin(aRecord(), undefined)).toEqual({ kind: 'begun' })
  expect(await makeOperatorKeyStore(bootstrap).bootstrapOwner(owner)).toBe(true)
})

test.each(['run-benchmarks', 'run-spot-checks', 'reconcile-ledger'] as const)(
  '%s finds a key that is replaced while it is listed',
  async (principal) => {
    const accountId = anAccountId()
    const account = { accountId, name: 'Customer', smoke: false, createdAtMs: nowMs }
    await makeAccountStore(engine).createAccount(account)
    const keys = makeKeyStore(engine)
    const key = await keys.createKey(aKey(accountId))
    if (!key) throw new Error('the key is created')
    let isReplaced = false
    const late = withFaults(as(principal), async ({ command }) => {
      if (command !== 'BatchGetItem' || isReplaced) return
      isReplaced = true
      await keys.rotateKey(key, { keyHash: `${key.keyHash} 2`, atMs: nowMs, graceMs: 0 })
    })
    expect(await makeKeyStore(late).listKeys(accountId)).toMatchObject([{ secret: 2 }])
  },
)

test('a refusal names who asked for what, and at which key', async () => {
  const update = {
    TableName: engine.tables.keys,
    Key: keyKey('hash'),
    UpdateExpression: 'REMOVE expiresAtMs',
  }
  await expect(as('ingest').client.update(update)).rejects.toThrow(
    `ingest has no right to dynamodb:UpdateItem on ${engine.tables.keys}/key#hash; see src/rights.ts.`,
  )
})
