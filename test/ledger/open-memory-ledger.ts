/** Customers, their requests and the ledger's use cases over stores in memory, for quick tests. */

import { firstIdAt } from '../../src/adapters/system.ts'
import { accrueAccount } from '../../src/ledger/accrue.ts'
import { credit } from '../../src/ledger/credit.ts'
import { finishHold } from '../../src/ledger/finish.ts'
import type { Entry } from '../../src/ledger/journal.ts'
import type { Decision } from '../../src/ledger/ports.ts'
import { reserve } from '../../src/ledger/reserve.ts'
import { sweepWallet } from '../../src/ledger/sweep.ts'
import type { Hold } from '../../src/ledger/wallet.ts'
import { decisionOf } from '../model/decisions.ts'
import { composeLedger, graceMs, leaseMs } from '../model/real-ledger.ts'
import { makeMemoryLedger } from '../support/memory-ledger.ts'

export const nodes = [`n_${'a'.repeat(26)}`, `n_${'b'.repeat(26)}`] as const
export const [node, otherNode] = nodes

export type Charged = {
  readonly charge: bigint
  readonly nodeId?: string | undefined
  readonly hostShareBps?: number
}
export type QuickLedger = ReturnType<typeof openMemoryLedger>

/** `owned`: accounts and nodes of one owner, as `account node`. */
export function openMemoryLedger({ owned = [] as readonly string[] } = {}) {
  const memory = makeMemoryLedger({ asserts: true })
  const ownPairs = new Set(owned)
  const ledger = composeLedger(memory, (account, nodeId) => ownPairs.has(`${account} ${nodeId}`))
  let references = 0

  const take = async (accountId: string, amount: bigint) => {
    ledger.moveClock(1_000)
    const order = ledger.orderOf({ accountId, amount })
    const answer = await reserve(ledger.reserving, order)
    if (answer.kind !== 'held') throw new Error(`not held: ${answer.kind}`)
    return { holdId: order.holdId, hold: answer.hold }
  }
  const end = async (at: { holdId: string; hold: Hold }, decision: Decision) => {
    await finishHold(ledger.finishing, at.hold, decision)
    return decision
  }
  const wallet = async (accountId: string) => {
    const found = await memory.sweeps.readWallet(accountId)
    if (!found) throw new Error('the account has a wallet')
    return found
  }
  return {
    ...ledger,
    memory,
    own: (accountId: string, nodeId: string) => ownPairs.add(`${accountId} ${nodeId}`),
    customer: async (amount: bigint, kind: 'top_up' | 'grant' = 'top_up'): Promise<string> => {
      const accountId = `acct_${ledger.ulid(ledger.nowMs())}`
      const account = { accountId, name: 'Customer', smoke: false, createdAtMs: ledger.nowMs() }
      await memory.accounts.createAccount(account)
      references += 1
      const terms = { accountId, kind, amount, reference: `payment ${references}`, by: 'ann' }
      await credit(ledger.posting, terms)
      return accountId
    },
    take,
    /** A request that was held, served and charged. */
    charged: async (accountId: string, { charge, ...terms }: Charged): Promise<Decision> => {
      const taken = await take(accountId, charge)
      const status = 'completed'
      return end(taken, decisionOf({ accountId, ...taken, charge, status, nodeId: node, ...terms }))
    },
    /** A request whose gateway was lost. */
    expired: async (accountId: string, amount: bigint): Promise<string> => {
      const { holdId } = await take(accountId, amount)
      ledger.moveClock(leaseMs + graceMs + 1_000)
      await sweepWallet(ledger.sweeping, await wallet(accountId))
      return holdId
    },
    accrue: (accountId: string) => {
      ledger.moveClock(1_000)
      return accrueAccount(ledger.accruing, accountId, firstIdAt(ledger.nowMs()))
    },
    wallet,
    earnings: (nodeId: string = node) => memory.journal.readEarnings(nodeId),
    entries: (): Entry[] => [...memory.state.entries.values()],
  }
}
