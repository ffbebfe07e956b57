// What an idempotency key answers, read off the decision of its hold.
import { describe, expect, test } from 'vitest'
import { isFreed, refusalOfClaim } from '../../src/ledger/idempotency.ts'
import type { Decision } from '../../src/ledger/ports.ts'
import type { ResultStatus } from '../../src/protocol/receipt.ts'
import { decisionOf } from '../model/decisions.ts'

const claim = { fingerprint: 'body', holdId: 'hold 1' }
const ended = (status: ResultStatus, charge: bigint): Decision =>
  decisionOf({
    accountId: 'acct_1',
    holdId: 'hold 1',
    status,
    charge,
    hold: { amount: 10n, nonce: 'nonce' },
  })

describe('an idempotency key', () => {
  test.each<[ResultStatus, bigint, boolean]>([
    ['completed', 1n, false],
    // The model may cost nothing; the answer was given.
    ['completed', 0n, false],
    ['partial', 1n, false],
    ['partial', 0n, true],
    ['failed', 1n, false],
    ['failed', 0n, true],
    ['expired', 0n, true],
  ])('of an attempt that %s and cost %s may be used again: %s', (status, charge, free) => {
    expect(isFreed(ended(status, charge))).toBe(free)
  })

  test('of an attempt that is not decided runs', () => {
    expect(isFreed(undefined)).toBe(false)
    expect(refusalOfClaim(claim, undefined)).toEqual({ kind: 'claim_running', holdId: 'hold 1' })
  })

  test('of an attempt that is done names its receipt', () => {
    const decision = ended('completed', 1n)
    const receiptHash = decision.receipt.receipt_hash
    expect(refusalOfClaim(claim, decision)).toEqual({
      kind: 'claim_completed',
      holdId: 'hold 1',
      receiptHash,
    })
  })
})
