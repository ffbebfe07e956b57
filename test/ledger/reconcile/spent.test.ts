/** The sandwich itself: which of two wallet reads says what about a decision that is read between them. */
import { describe, expect, test } from 'vitest'
import type { Decision } from '../../../src/ledger/ports.ts'
import { foldTail, judgeSpent, startTail } from '../../../src/ledger/reconcile/spent.ts'
import type { Wallet } from '../../../src/ledger/wallet.ts'
import { genuineReceipt } from '../../support/genuine-receipt.ts'
import { newWallet } from '../../support/memory-state.ts'

const receipt = genuineReceipt()

/** `spent`, and the nonce of each open hold by id. */
function walletWith(spent: bigint, open: Readonly<Record<string, string>> = {}): Wallet {
  const holds = Object.entries(open).map(([id, nonce]) => {
    const hold = { amount: 9n, expiresAtSec: 0, nonce, priceVersion: 1, counted: undefined }
    return [id, hold] as const
  })
  return { ...newWallet('acct_1'), spent, holds: new Map(holds) }
}

const charged = (holdId: string, charge: bigint, nonce: string | undefined = 'a') => {
  const value: Decision = { accountId: 'acct_1', holdId, nonce, charge, receipt }
  return { kind: 'read', id: holdId, value } as const
}

type Page = Parameters<typeof foldTail>[1]

/** What is wrong, given 100 of final charges, decisions read in pages, and the wallet around each. */
function judge(first: Wallet, steps: readonly (readonly [page: Page, after: Wallet])[]) {
  const started = startTail(first, 100n)
  const tail = steps.reduce((sums, [page, after]) => foldTail(sums, page, after), started)
  const last = steps.at(-1)?.[1] ?? first
  return judgeSpent(tail, last).map(({ detail }) => detail)
}

describe('spent is right', () => {
  test.each<[string, Wallet, readonly (readonly [Page, Wallet])[]]>([
    ['with nothing new', walletWith(100n), [[[], walletWith(100n)]]],
    ['with a charge from before', walletWith(105n), [[[charged('h1', 5n)], walletWith(105n)]]],
    [
      'with one that is not applied yet',
      walletWith(100n, { h1: 'a' }),
      [[[charged('h1', 5n)], walletWith(100n, { h1: 'a' })]],
    ],
    [
      'with one applied while we read',
      walletWith(100n, { h1: 'a' }),
      [[[charged('h1', 5n)], walletWith(105n)]],
    ],
    [
      'with one that came and went while we read',
      walletWith(100n),
      [[[charged('h1', 5n)], walletWith(105n)]],
    ],
    ['with one decided behind our back', walletWith(100n, { h1: 'a' }), [[[], walletWith(105n)]]],
    [
      'with one applied after its page',
      walletWith(100n, { h1: 'a' }),
      [
        [[charged('h1', 5n)], walletWith(100n, { h1: 'a' })],
        [[], walletWith(105n)],
      ],
    ],
    [
      'with a twin, open under a charged id',
      walletWith(105n, { h1: 'twin' }),
      [[[charged('h1', 5n)], walletWith(105n, { h1: 'twin' })]],
    ],
    [
      'with a decision that names no nonce, its hold open',
      walletWith(100n, { h1: 'a' }),
      [[[charged('h1', 5n, undefined)], walletWith(100n, { h1: 'a' })]],
    ],
  ])('%s', (_, first, steps) => {
    expect(judge(first, steps)).toEqual([])
  })
})

describe('spent is wrong', () => {
  const is = (spent: string, charges: string) => [
    `spent is ${spent} USD, charges come to ${charges} USD`,
  ]
  test.each<[string, string[], Wallet, readonly (readonly [Page, Wallet])[]]>([
    [
      'above all charges',
      is('0.000000101', '0.0000001'),
      walletWith(101n),
      [[[], walletWith(101n)]],
    ],
    [
      'below what is final',
      is('0.000000099', '0.0000001'),
      walletWith(99n),
      [[[], walletWith(99n)]],
    ],
    [
      'above all charges, while more come in',
      is('0.000000106', '0.000000105'),
      walletWith(106n),
      [[[charged('h1', 5n)], walletWith(116n)]],
    ],
    [
      'by a charge whose hold is still open',
      is('0.000000105', '0.0000001'),
      walletWith(105n, { h1: 'a' }),
      [[[charged('h1', 5n)], walletWith(107n, { h1: 'a' })]],
    ],
    [
      'below the charges whose holds are gone, while more come in',
      is('0.000000104', '0.000000105'),
      walletWith(100n),
      [[[charged('h1', 5n)], walletWith(104n)]],
    ],
    [
      'by a twin that was charged again',
      is('0.00000011', '0.000000105'),
      walletWith(110n),
      [[[charged('h1', 5n)], walletWith(110n)]],
    ],
  ])('%s', (_, expected, first, steps) => {
    expect(judge(first, steps)).toEqual(expected)
  })
})
