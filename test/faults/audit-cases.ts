/** Writes of the audit, and of incidents. */
import { makeAuditStore } from '../../src/adapters/dynamodb/audit-store.ts'
import type { Database } from '../../src/adapters/dynamodb/client.ts'
import { makeIncidentStore } from '../../src/adapters/dynamodb/incident-store.ts'
import type { Incident } from '../../src/incidents/incident.ts'
import { aClaim, anEnding, aRecord, atMs } from '../adapters/dynamodb/audit-facts.ts'
import type { WriteCase } from './write-case.ts'

const [record, other, claim] = [aRecord(), aRecord(), aClaim()]
const begin = (database: Database) => makeAuditStore(database).begin(record, claim)
const replied = {
  claimHash: claim.claimHash,
  end: { kind: 'replied', reply: { ok: true, value: { id: 'acct_1' } } },
} as const

const anIncident = (last: string): Incident => ({
  incidentId: `inc_01JABCDEFGHJKMNPQRSTVWXYZ${last}`,
  scope: { kind: 'everything' },
  untilMs: atMs(1),
  reason: 'a fire',
  openedAtMs: atMs(),
  openedBy: 'key_1',
})
const open = (last: string) => (database: Database) =>
  makeIncidentStore(database).openIncident(anIncident(last), atMs())
const resolve = (database: Database) =>
  makeIncidentStore(database).resolveIncident(anIncident('1').incidentId, {
    atMs: atMs(),
    by: 'key_2',
  })

export const auditCases: readonly WriteCase[] = [
  {
    file: 'audit-store',
    method: 'begin',
    as: 'without an idempotency key',
    write: (database) => makeAuditStore(database).begin(record, undefined),
  },
  { file: 'audit-store', method: 'begin', as: 'with a free idempotency key', write: begin },
  {
    file: 'audit-store',
    method: 'begin',
    as: 'with a key that another record has',
    given: begin,
    write: (database) => makeAuditStore(database).begin(other, claim),
  },
  {
    file: 'audit-store',
    method: 'end',
    as: 'with its reply',
    given: begin,
    write: (database) => makeAuditStore(database).end(record.auditId, anEnding, replied),
  },
  {
    file: 'audit-store',
    method: 'end',
    as: 'after the claim was taken over',
    given: async (database) => {
      await begin(database)
      await makeAuditStore(database).begin(other, { ...claim, replaces: record.auditId })
    },
    write: (database) => makeAuditStore(database).end(record.auditId, anEnding, replied),
  },
  { file: 'incident-store', method: 'openIncident', as: 'the first', write: open('1') },
  {
    file: 'incident-store',
    method: 'openIncident',
    as: 'beside another',
    given: open('1'),
    write: open('2'),
  },
  {
    file: 'incident-store',
    method: 'resolveIncident',
    as: 'of two',
    given: async (database) => {
      await open('1')(database)
      await open('2')(database)
    },
    write: resolve,
  },
]
