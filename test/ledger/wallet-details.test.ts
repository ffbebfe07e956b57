// A broken wallet stops an operation; whoever is called for it must be told which one, and by how much.
import { expect, test } from 'vitest'
import { assertWallet, type Wallet } from '../../src/ledger/wallet.ts'
import { newWallet } from '../support/memory-state.ts'

test.each<[string, Partial<Wallet>, object]>([
  ['S1 no negative amounts', { available: -1n, funded: -1n }, {}],
  ['S1 no negative amounts', { granted: -1n }, {}],
  ['S2 conservation', { available: 2n, funded: 3n }, { funded: '3' }],
  [
    'S3 held is the sum of open holds',
    { held: 5n, available: 1n, funded: 6n },
    { held: '5', open: '0' },
  ],
])('%s names the account', (rule, change, detail) => {
  const wallet = { ...newWallet('acct_1'), ...change }
  const told = `${rule} ${JSON.stringify({ accountId: 'acct_1', ...detail })}`
  expect(() => assertWallet(wallet)).toThrow(told)
})
