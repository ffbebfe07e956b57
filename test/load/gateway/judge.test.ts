import { describe, expect, test } from 'vitest'
import type { Wallet } from '../../../src/ledger/wallet.ts'
import { sha256Hex } from '../../../src/protocol/canonical.ts'
import { commitment } from '../../../src/receipts/make-receipt.ts'
import { draft, genuineReceipt, salt } from '../../support/genuine-receipt.ts'
import type { Books, CustomerBook } from './books.ts'
import { judgeBooks, judgeRepetitions, judgeReply } from './judge.ts'
import type { Reply } from './messages.ts'

const text = ' one~a two~a'
const requestId = draft.private.request_id
const accountId = draft.private.account_id
const receipt = genuineReceipt({
  private: { ...draft.private, output_commitment: commitment(salt, sha256Hex(text)) },
})
const receipts = new Map([[requestId, receipt]])

const aReply = (changes: Partial<Reply> = {}): Reply => ({
  act: 'stream',
  accountId,
  isStreamed: true,
  startedAtMs: 1,
  endedAtMs: 2,
  firstContentMs: 1,
  requestId,
  end: 'done',
  code: null,
  cause: null,
  textSha256: sha256Hex(text),
  marks: ['a'],
  receiptHash: receipt.receipt_hash,
  costUsd: receipt.body.charge.charge_usd,
  salt,
  retries: 0,
  idempotencyKey: null,
  ...changes,
})
const promises = (changes: Partial<Reply>) =>
  judgeReply(aReply(changes), receipts).map(({ promise }) => promise)

describe('a reply', () => {
  test('that its receipt bears out breaks no promise', () => {
    expect(promises({})).toEqual([])
  })

  test('that is refused before any money moved breaks none either', () => {
    const refused = { receiptHash: null, costUsd: null, salt: null, textSha256: null }
    expect(promises({ end: 'error', code: 'rate_limit_exceeded', ...refused })).toEqual([])
    expect(promises({ end: 'left', ...refused })).toEqual([])
  })

  test.each<[string, Partial<Reply>, string]>([
    ['just ended', { end: 'broken', cause: 'ECONNRESET' }, 'every reply ends'],
    ['failed with no known code', { end: 'error', code: 'oops' }, 'errors are typed'],
    ['failed by a fault of ours', { end: 'error', code: 'internal_error' }, 'errors are typed'],
    [
      'is a paid error instead of an object',
      { isStreamed: false, end: 'error', code: 'upstream_error' },
      'an error instead of an object is free',
    ],
    ['has words of two hosts', { marks: ['a', 'b'] }, 'one host writes a reply'],
    ['names no receipt', { receiptHash: null }, 'receipts tell what was delivered'],
    ['names another receipt', { receiptHash: 'x' }, 'receipts tell what was delivered'],
    ['has no receipt stored', { requestId: 'unknown' }, 'receipts tell what was delivered'],
    ['shows another cost', { costUsd: '0.5' }, 'receipts tell what was delivered'],
    ['has another text', { textSha256: sha256Hex('?') }, 'receipts tell what was delivered'],
    ['has a salt that opens nothing', { salt: 'c2FsdA' }, 'receipts tell what was delivered'],
  ])('that %s breaks one', (_, changes, promise) => {
    expect(promises(changes)).toEqual([promise])
  })
})

describe('of requests under one idempotency key', () => {
  const other = { ...aReply({ requestId: 'req_2', idempotencyKey: 'k' }) }
  const replies = [aReply({ idempotencyKey: 'k' }), other]

  test('one may have cost something', () => {
    const failed = genuineReceipt({
      result: { status: 'failed', finish_reason: null, error: 'upstream_error' },
      served: null,
      charge: 0n,
    })
    expect(judgeRepetitions(replies, receipts)).toEqual([])
    expect(judgeRepetitions(replies, new Map([...receipts, ['req_2', failed]]))).toEqual([])
  })

  test('two must not', () => {
    const both = new Map([...receipts, ['req_2', receipt]])
    expect(judgeRepetitions(replies, both)).toHaveLength(1)
  })

  test('those of another account are others', () => {
    const both = new Map([...receipts, ['req_2', receipt]])
    const ofAnother = { ...other, accountId: 'acct_2' }
    expect(judgeRepetitions([aReply({ idempotencyKey: 'k' }), ofAnother], both)).toEqual([])
  })
})

describe('the books', () => {
  const wallet: Wallet = {
    accountId,
    status: 'active',
    available: 7n,
    held: 0n,
    spent: 3n,
    funded: 10n,
    granted: 0n,
    holds: new Map(),
    counters: new Map(),
    revokedKeyOrdinals: new Set(),
    oldestSecrets: new Map(),
    limitVersions: new Map(),
    sweepBucket: undefined,
    closedBefore: undefined,
  }
  const customer: CustomerBook = { accountId, funded: 10n, wallet, charges: 3n }
  const books: Books = {
    customers: [customer],
    receipts,
    unverified: [],
    sweptHolds: 0,
    accrued: { decisions: 1, failed: 0 },
    reconciled: { accounts: 1, nodes: 1, open: 0, discrepancies: [] },
  }
  const expired = genuineReceipt({
    result: { status: 'expired', finish_reason: null, error: 'gateway_lost' },
    served: null,
    charge: 0n,
  })

  test('that add up break no promise', () => {
    expect(judgeBooks(books)).toEqual([])
  })

  test.each<[string, Partial<Books>, string]>([
    ['a receipt does not verify', { unverified: [requestId] }, 'receipts verify'],
    ['the sweeper ended a hold', { sweptHolds: 1 }, 'no hold is left'],
    ['a hold was repaired on the way', { receipts: new Map([['r', expired]]) }, 'no hold is left'],
    ['an account cannot be accrued', { accrued: { decisions: 0, failed: 1 } }, 'balances add up'],
    [
      'an account was never proven',
      { reconciled: { ...books.reconciled, accounts: 0 } },
      'balances add up',
    ],
    [
      'the reconciler could not end',
      { reconciled: { ...books.reconciled, open: 1 } },
      'balances add up',
    ],
    [
      'the reconciler found a discrepancy',
      { reconciled: { ...books.reconciled, discrepancies: ['S7'] } },
      'balances add up',
    ],
    [
      'more was spent than charged',
      { customers: [{ ...customer, charges: 2n }] },
      'balances add up',
    ],
    [
      'money is still held',
      { customers: [{ ...customer, wallet: { ...wallet, held: 1n, funded: 10n } }] },
      'balances add up',
    ],
  ])('show where %s', (_, changes, promise) => {
    expect(judgeBooks({ ...books, ...changes }).map((one) => one.promise)).toEqual([promise])
  })

  test('show money that came from nowhere', () => {
    const found = judgeBooks({ ...books, customers: [{ ...customer, funded: 9n }] })
    expect(found.map(({ promise }) => promise)).toEqual(['balances add up', 'balances add up'])
  })
})
