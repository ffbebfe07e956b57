/**
 * Everything that the ledger and the reference can be asked alike: balances, counters, books,
 * earnings, and what the shared accounts of the journal add up to.
 */

import assert from 'node:assert/strict'
import { firstIdAt } from '../../src/adapters/system.ts'
import { counterCharges } from '../../src/ledger/counters.ts'
import { type LedgerAccount, netOf } from '../../src/ledger/journal.ts'
import { leaseMs, type RealLedger } from './real-ledger.ts'
import { accounts, capsOfKeys, limitsOfKeys, nodes, type World } from './world.ts'

export async function compare(world: World): Promise<void> {
  const lines = await ledgerLines(world)
  const expected = referenceLines(world)
  assert.deepEqual(lines, expected)
  if (world.ledger.failures.length > 0) throw world.ledger.failures[0]
}

async function ledgerLines({ ledger, entries }: World): Promise<string[]> {
  const { sweeps, closing, journal } = ledger.stores
  const lines: string[] = []
  const counted = Object.entries(capsOfKeys).flatMap(([key, caps]) => {
    const keyCaps = { ...noCaps, keyOrdinal: Number(key), ...caps }
    return counterCharges(keyCaps, { amount: 0n, tokens: 0 }, ledger.nowMs())
  })
  for (const accountId of accounts) {
    const wallet = await sweeps.readWallet(accountId)
    const book = await closing.readBook(accountId)
    if (!wallet) throw new Error('the account has a wallet')
    const { available, held, spent, funded, granted, counters, closedBefore, status } = wallet
    const used = counted.map(({ name, kind }) => `${kind} ${counters.get(name) ?? 0n}`)
    const revoked = [...wallet.revokedKeyOrdinals].join()
    lines.push(
      `available ${available} held ${held} spent ${spent} funded ${funded} granted ${granted}`,
      `${status} closed ${closeFelt(ledger, closedBefore)} revoked ${revoked} | ${used}`,
      `through ${book?.through ?? ''} charges ${book?.charges ?? 0n} of ${book?.grantsUsed ?? 0n}`,
    )
  }
  for (const nodeId of nodes) {
    const earnings = await journal.readEarnings(nodeId)
    const { payable, inTransit, paid } = earnings ?? noMoney
    const { accrued, clawedBack, escrowed } = earnings ?? noMoney
    lines.push(`${accrued} = ${payable} ${inTransit} ${paid} ${clawedBack}, ${escrowed} waits`)
  }
  if (!entries) return lines
  const legs = [...entries()].flatMap((entry) => entry.legs)
  return [...lines, ...sharedKinds.map((kind) => `${kind} ${netOf(legs, kind)}`)]
}

function referenceLines({ ledger, reference, entries }: World): string[] {
  const { purse, closed, through, stopped } = reference
  const lines = accounts.flatMap((account) => {
    const [available, held, spent] = [
      reference.available(account),
      reference.held(account),
      purse(`spent ${account}`),
    ]
    const funded = available + held + spent
    const granted = purse(`granted ${account}`)
    const keys = Object.entries(limitsOfKeys)
    const used = keys.flatMap(([key, limits]) => {
      const now = reference.used(account, Number(key), ledger.nowMs())
      return limitNames.filter((name) => limits[name]).map((name) => `${name} ${now[name]}`)
    })
    const revoked = keys.filter(([key]) => stopped.has(`${account} ${key}`)).map(([key]) => key)
    const status = stopped.has(account) ? 'suspended' : 'active'
    return [
      `available ${available} held ${held} spent ${spent} funded ${funded} granted ${granted}`,
      `${status} closed ${closeFelt(ledger, closed.get(account))} revoked ${revoked} | ${used}`,
      `through ${through.get(account) ?? ''} charges ${-purse(`passed on ${account}`)} of ${purse(`grants used ${account}`)}`,
    ]
  })
  for (const node of nodes) {
    const [payable, inTransit, paid] = [
      purse(`payable ${node}`),
      purse(`in transit ${node}`),
      purse(`paid ${node}`),
    ]
    const [accrued, clawedBack] = [purse(`accrued ${node}`), purse(`clawed back ${node}`)]
    const escrowed = purse(`escrow ${node}`)
    lines.push(`${accrued} = ${payable} ${inTransit} ${paid} ${clawedBack}, ${escrowed} waits`)
  }
  if (!entries) return lines
  const paid = nodes.reduce((sum, node) => sum + purse(`paid ${node}`), 0n)
  const passedOn = accounts.reduce((sum, account) => sum + purse(`passed on ${account}`), 0n)
  const shared: Readonly<Record<SharedKind, bigint>> = {
    wash: purse('top_up') + paid,
    promo: purse('grant'),
    undistributed: passedOn,
    fees: purse('fees'),
    unpayable: purse('unpayable'),
    shortfall: purse('shortfall'),
    adjustments: purse('adjustments'),
  }
  return [...lines, ...sharedKinds.map((kind) => `${kind} ${shared[kind]}`)]
}

/** Which no id still under way is behind; the sweeper, too, closes what is long over. */
function closeFelt({ nowMs }: RealLedger, closed = ''): string {
  return closed > firstIdAt(nowMs() - leaseMs) ? closed : ''
}

type SharedKind = Exclude<LedgerAccount, { readonly owner: string }>['kind']
const sharedKinds: readonly SharedKind[] = [
  'wash',
  'promo',
  'undistributed',
  'fees',
  'unpayable',
  'shortfall',
  'adjustments',
]
const limitNames = ['spend_day', 'spend_month', 'rpm', 'tpm', 'concurrency'] as const
const noMoney = { accrued: 0n, payable: 0n, inTransit: 0n, paid: 0n, clawedBack: 0n, escrowed: 0n }
const noCaps = {
  spendPerDay: undefined,
  spendPerMonth: undefined,
  requestsPerMinute: undefined,
  tokensPerMinute: undefined,
  concurrency: undefined,
} as const
