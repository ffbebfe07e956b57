/**
 * The rules about money that can be read off the stores at any moment, computed from what is written
 * there and not from the ledger's own sums. Answers with the rules that are broken.
 */
import type { Entry, LedgerAccount, Leg } from '../../src/ledger/journal.ts'
import type { Decision } from '../../src/ledger/ports.ts'
import type { LedgerState } from '../support/memory-state.ts'

export function brokenRules(state: LedgerState): string[] {
  const entries = [...state.entries.values()]
  const rows: [rule: string, holds: boolean][] = [
    ...[...state.wallets.keys()].flatMap((accountId) => walletRules(state, accountId, entries)),
    ...entries.map(({ legs }): [string, boolean] => ['S5', sumOf(legs) === 0n]),
    ...[...state.earnings.keys()].flatMap((nodeId) => nodeRules(state, nodeId, entries)),
  ]
  return [...new Set(rows.flatMap(([rule, holds]) => (holds ? [] : rule)))].sort()
}

function walletRules(
  state: LedgerState,
  accountId: string,
  entries: readonly Entry[],
): [string, boolean][] {
  const wallet = state.wallets.get(accountId)
  if (!wallet) return []
  const { available, held, spent, funded, holds, counters } = wallet
  const decisions = [...(state.decisions.get(accountId)?.values() ?? [])]
  const settled = decisions.filter(({ holdId, nonce }) => holds.get(holdId)?.nonce !== nonce)
  const received = gained(entries, { kind: 'customer', owner: accountId })
  const book = state.books.get(accountId)
  const booked = decisions.filter(({ holdId }) => holdId <= (book?.through ?? ''))
  return [
    ['S1', available >= 0n && held >= 0n],
    ['S2', available + held + spent === received && funded === received],
    ['S2', spent === chargeOf(settled)],
    ['S3', held === [...holds.values()].reduce((sum, { amount }) => sum + amount, 0n)],
    ['S1', [...counters.values()].every((value) => value >= 0n)],
    ['S13', (book?.charges ?? 0n) === chargeOf(booked)],
    ...decisions.flatMap((decision) => decisionRules(decision, entries)),
  ]
}

function decisionRules(decision: Decision, entries: readonly Entry[]): [string, boolean][] {
  const { charge, holdId, receipt } = decision
  const { hold_usd } = receipt.private
  const { charge_usd, host_share_usd, fee_usd } = receipt.body.charge
  const refunds = entries.filter(({ kind, about }) => kind === 'refund' && about === holdId)
  const owner = decision.accountId
  return [
    ['S6', charge >= 0n && charge <= nanoUsd(hold_usd) && charge === nanoUsd(charge_usd)],
    ['S12', nanoUsd(host_share_usd) + nanoUsd(fee_usd) === charge],
    ['S8', gained(refunds, { kind: 'customer', owner }) <= charge],
  ]
}

function nodeRules(
  state: LedgerState,
  nodeId: string,
  entries: readonly Entry[],
): [string, boolean][] {
  const earnings = state.earnings.get(nodeId)
  if (!earnings) return []
  const { accrued, payable, inTransit, paid, clawedBack, escrowed } = earnings
  const of = (kind: 'host' | 'in_transit' | 'escrow') => gained(entries, { kind, owner: nodeId })
  return [
    ['S13', paid <= accrued - clawedBack],
    ['S13', [payable, inTransit, paid, clawedBack, escrowed].every((amount) => amount >= 0n)],
    ['S13', payable + inTransit + paid + clawedBack === accrued],
    ['S5', payable === of('host') && inTransit === of('in_transit') && escrowed === of('escrow')],
  ]
}

/** What was decided once stays as it was (S4); `before` is of one account. */
export function changedEndings(
  before: ReadonlyMap<string, Decision>,
  after: ReadonlyMap<string, Decision> | undefined,
): string[] {
  const isKept = [...before].every(([holdId, decision]) => after?.get(holdId) === decision)
  return isKept ? [] : ['S4']
}

function gained(entries: readonly Entry[], account: LedgerAccount): bigint {
  const name = nameOf(account)
  return sumOf(entries.flatMap(({ legs }) => legs.filter((leg) => nameOf(leg.account) === name)))
}

const nameOf = (account: LedgerAccount) =>
  'owner' in account ? `${account.kind} ${account.owner}` : account.kind
const sumOf = (legs: readonly Leg[]) => legs.reduce((sum, { amount }) => sum + amount, 0n)
const chargeOf = (decisions: readonly Decision[]) =>
  decisions.reduce((sum, { charge }) => sum + charge, 0n)

/** `1.5` → 1,500,000,000. */
function nanoUsd(text: string): bigint {
  const [whole = '', fraction = ''] = text.split('.')
  return BigInt(whole + fraction.padEnd(9, '0'))
}
