// The rules pass on a ledger in which everything has happened, and each finds what breaks it.
import { beforeEach, expect, test } from 'vitest'
import type { Earnings } from '../../src/ledger/earnings.ts'
import type { Wallet } from '../../src/ledger/wallet.ts'
import { brokenRules, changedEndings } from './rules.ts'
import { openScope, type Scope } from './small-scope.ts'

const accountId = 'acct_01JABCDEFGHJKMNPQRSTVWXYZA'
const nodeId = `n_${'a'.repeat(26)}`
const everything = [
  ...['top up 3', 'reserve one, capped', 'charge one 1', 'refund one 1, platform'],
  ...['reserve other', 'sweep after the lease', 'claim other late', 'accrue all', 'pay out'],
]

let scope: Scope
beforeEach(async () => {
  scope = await openScope()
  for (const command of everything) await scope.commands[command]?.()
})

test('a ledger in which everything happened breaks no rule', () => {
  expect(scope.state.entries.size).toBe(5)
  expect(brokenRules(scope.state)).toEqual([])
})

const changeWallet = (change: (wallet: Wallet) => Partial<Wallet>) => () => {
  const wallet = scope.state.wallets.get(accountId)
  if (wallet) scope.state.wallets.set(accountId, { ...wallet, ...change(wallet) })
}
const changeEarnings = (change: (earnings: Earnings) => Partial<Earnings>) => () => {
  const earnings = scope.state.earnings.get(nodeId)
  if (earnings) scope.state.earnings.set(nodeId, { ...earnings, ...change(earnings) })
}

test.each<[string, string[], () => void]>([
  ['money from nowhere', ['S2'], changeWallet((old) => ({ available: old.available + 1n }))],
  [
    'money both made and counted',
    ['S2'],
    changeWallet((old) => ({
      available: old.available + 1n,
      funded: old.funded + 1n,
    })),
  ],
  [
    'a charge that no receipt has',
    ['S2'],
    changeWallet((old) => ({
      available: old.available - 1n,
      spent: old.spent + 1n,
    })),
  ],
  ['debts', ['S1', 'S2'], changeWallet(() => ({ available: -1n }))],
  ['a counter below zero', ['S1'], changeWallet(() => ({ counters: new Map([['cc#1', -1n]]) }))],
  [
    'money held for nothing',
    ['S3'],
    changeWallet((old) => ({
      available: old.available - 1n,
      held: 1n,
    })),
  ],
  ['earnings from nowhere', ['S13', 'S5'], changeEarnings(() => ({ payable: 5n }))],
  ['a payout without earnings', ['S13'], changeEarnings(() => ({ paid: 5n }))],
  ['escrow without a claim', ['S5'], changeEarnings(() => ({ escrowed: 5n }))],
  [
    'a charge accrued twice',
    ['S13'],
    () => {
      const book = scope.state.books.get(accountId)
      if (book) scope.state.books.set(accountId, { ...book, charges: book.charges * 2n })
    },
  ],
  [
    'a leg without the other',
    ['S2', 'S5'],
    () => {
      for (const [reference, entry] of scope.state.entries) {
        if (entry.kind === 'refund') scope.state.entries.set(reference, { ...entry, legs: [] })
        const { legs } = entry
        if (entry.kind === 'top_up') {
          scope.state.entries.set(reference, { ...entry, legs: legs.slice(1) })
        }
      }
    },
  ],
])('%s breaks %s', (_, rules, change) => {
  change()
  expect(brokenRules(scope.state)).toEqual(rules)
})

test.each<[string, string[], { charge?: bigint; hold_usd?: string; fee_usd?: string }]>([
  ['above its hold', ['S6'], { hold_usd: '0' }],
  ['other than its receipt', ['S12', 'S13', 'S2', 'S6'], { charge: 2n }],
  ['of shares that do not add up', ['S12'], { fee_usd: '1' }],
  ['below what was refunded', ['S12', 'S13', 'S2', 'S6', 'S8'], { charge: 0n }],
])('a charge %s breaks %s', (_, rules, { charge, hold_usd, fee_usd }) => {
  for (const [holdId, decision] of scope.decisions() ?? []) {
    if (decision.charge === 0n) continue
    const { receipt } = decision
    const body = {
      ...receipt.body,
      charge: { ...receipt.body.charge, ...(fee_usd && { fee_usd }) },
    }
    const own = { ...receipt.private, ...(hold_usd && { hold_usd }) }
    scope.state.decisions.get(accountId)?.set(holdId, {
      ...decision,
      charge: charge ?? decision.charge,
      receipt: { ...receipt, body, private: own },
    })
  }
  expect(brokenRules(scope.state)).toEqual(rules)
})

test('a decision that was written again breaks S4', () => {
  const before = new Map(scope.decisions())
  expect(changedEndings(before, scope.decisions())).toEqual([])
  const [holdId = '', decision] = [...before][0] ?? []
  if (decision) scope.state.decisions.get(accountId)?.set(holdId, { ...decision })
  expect(changedEndings(before, scope.decisions())).toEqual(['S4'])
  expect(changedEndings(before, undefined)).toEqual(['S4'])
})
