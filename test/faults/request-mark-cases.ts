/** Writes on single requests: a cancel, a retry that was answered. */
import { makeRequestMarkStore } from '../../src/adapters/dynamodb/request-mark-store.ts'
import type { WriteCase } from './write-case.ts'

const holdId = '01JABCDEFGHJKMNPQRSTVWXYZ0'
const retry = {
  ofHoldId: holdId,
  byHoldId: '01JABCDEFGHJKMNPQRSTVWXYZ1',
  expiresAtSec: 2_000_000_000,
}

export const requestMarkCases: readonly WriteCase[] = [
  {
    file: 'request-mark-store',
    method: 'putCancel',
    as: 'the first',
    write: (database) =>
      makeRequestMarkStore(database).putCancel({
        holdId,
        keyId: 'key_1',
        expiresAtSec: 2_000_000_000,
      }),
  },
  {
    file: 'request-mark-store',
    method: 'takeRetry',
    as: 'the first',
    write: (database) => makeRequestMarkStore(database).takeRetry(retry),
  },
  {
    file: 'request-mark-store',
    method: 'takeRetry',
    as: 'one that another took',
    given: (database) =>
      makeRequestMarkStore(database).takeRetry({
        ...retry,
        byHoldId: '01JABCDEFGHJKMNPQRSTVWXYZ2',
      }),
    write: (database) => makeRequestMarkStore(database).takeRetry(retry),
  },
]
