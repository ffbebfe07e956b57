import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeAuditStore } from '../../../src/adapters/dynamodb/audit-store.ts'
import type { ChangeClaim } from '../../../src/audit/claim.ts'
import type { BegunRecord, Ending } from '../../../src/audit/record.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { aClaim, anEnding, aRecord, atMs } from './audit-facts.ts'

let database: EmbeddedDynamodb
beforeAll(async () => {
  database = await startEmbeddedDynamodb()
})
afterAll(() => database.stop())

const store = () => makeAuditStore(database)
const begun = async (record: BegunRecord, claim?: ChangeClaim): Promise<BegunRecord> => {
  expect(await store().begin(record, claim)).toEqual({ kind: 'begun' })
  return record
}
const ended = (record: BegunRecord, ending: Ending = anEnding) =>
  store().end(record.auditId, ending)

describe('an audit record', () => {
  test('is begun, and then ended once', async () => {
    const record = await begun(aRecord())
    expect(await store().readRecord(record.auditId)).toEqual({ ...record, ending: undefined })
    await ended(record)
    await ended(record, { ...anEnding, outcome: 'internal_error' })
    expect(await store().readRecord(record.auditId)).toEqual({ ...record, ending: anEnding })
  })

  test('is never written over', async () => {
    const record = await begun(aRecord())
    await expect(store().begin({ ...record, path: '/other' }, undefined)).rejects.toThrow('its own')
    expect(await store().readRecord(record.auditId)).toMatchObject(record)
  })

  test('that was not begun does not end', async () => {
    const record = aRecord()
    await ended(record)
    expect(await store().readRecord(record.auditId)).toBeUndefined()
  })

  test('is listed on its day, newest first, behind a cursor', async () => {
    const day = 40
    const three = [await begun(aRecord(day)), await begun(aRecord(day)), await begun(aRecord(day))]
    const ids = three.map(({ auditId }) => auditId).toReversed()
    const date = new Date(atMs(day)).toISOString().slice(0, 10)
    const first = await store().listDay(date, { limit: 2, after: undefined })
    expect(first.items.map(({ auditId }) => auditId)).toEqual(ids.slice(0, 2))
    const second = await store().listDay(date, { limit: 2, after: first.next })
    expect(second).toMatchObject({ items: [{ auditId: ids[2] }], next: undefined })
  })
})

describe('an idempotency key', () => {
  test('is taken with its record, and not by another', async () => {
    const [one, other] = [aRecord(), aRecord()]
    const claim = aClaim()
    await begun(one, claim)
    expect(await store().begin(other, { ...claim, fingerprint: 'other' })).toEqual({
      kind: 'taken',
      by: {
        fingerprint: claim.fingerprint,
        auditId: one.auditId,
        begunAtMs: claim.nowMs,
        end: undefined,
      },
    })
    expect(await store().readRecord(other.auditId)).toBeUndefined()
  })

  test('ends with its record', async () => {
    const record = aRecord()
    const claim = aClaim()
    const end = { kind: 'replied', reply: { ok: true, value: { id: 'x' } } } as const
    await begun(record, claim)
    await store().end(record.auditId, anEnding, { claimHash: claim.claimHash, end })
    expect(await store().begin(aRecord(), claim)).toMatchObject({ kind: 'taken', by: { end } })
  })

  test('is free again once it has expired', async () => {
    const claim = aClaim()
    await begun(aRecord(), claim)
    await begun(aRecord(), { ...claim, nowMs: claim.expiresAtSec * 1000 })
  })

  test('is taken over from the record that it is known to name, once', async () => {
    const [lost, next] = [aRecord(), aRecord()]
    const claim = aClaim()
    await begun(lost, claim)
    await begun(next, { ...claim, replaces: lost.auditId })
    const late = await store().begin(aRecord(), { ...claim, replaces: lost.auditId })
    expect(late).toMatchObject({ kind: 'taken', by: { auditId: next.auditId } })
    // The first comes to an end after all: its record says so, the claim is the second's.
    await store().end(lost.auditId, anEnding, {
      claimHash: claim.claimHash,
      end: { kind: 'unknown' },
    })
    expect(await store().readRecord(lost.auditId)).toMatchObject({ ending: anEnding })
    expect(await store().begin(aRecord(), claim)).toMatchObject({
      by: { auditId: next.auditId, end: undefined },
    })
  })
})
