/** Audit records and claims for tests, each with an id of its own. */
import { ulid } from 'ulid'
import type { ChangeClaim } from '../../../src/audit/claim.ts'
import type { BegunRecord, Ending } from '../../../src/audit/record.ts'

let made = 0

export const atMs = (day = 0): number => Date.UTC(2026, 10, 21) + day * 24 * 60 * 60_000

export function aRecord(day = 0): BegunRecord {
  made += 1
  const begunAtMs = atMs(day) + made
  return {
    auditId: `audit_${ulid(begunAtMs)}`,
    begunAtMs,
    by: { keyId: 'key_1', name: 'Ada', role: 'owner' },
    route: 'POST /admin/accounts',
    path: '/admin/accounts',
    subjectKind: 'account',
    request: { name: 'Ada' },
    before: null,
    requestId: 'request',
  }
}

export const anEnding: Ending = {
  endedAtMs: atMs() + 1_000,
  outcome: 'done',
  subjectId: 'acct_1',
  after: { id: 'acct_1' },
}

/** Good for a day after the records of day 0. */
export function aClaim(): ChangeClaim {
  made += 1
  return {
    claimHash: `claim ${made}`,
    fingerprint: 'body',
    nowMs: atMs(),
    expiresAtSec: atMs(1) / 1000,
  }
}
