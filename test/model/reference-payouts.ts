/** The reference's third part: what hosts are paid, and what they claim late. */
import type { Core } from './reference-journal.ts'

type Waiting = { readonly node: string; readonly amount: bigint; dueMs: number }
type PayoutCore = Core & {
  readonly once: (name: string, what: string, act: () => string | undefined) => string
  readonly move: (amount: bigint, from: string, to: string) => void
  readonly isDone: (name: string) => boolean
}

const usd = 1_000_000_000n
const dayMs = 86_400_000

export function makeReferencePayouts(core: PayoutCore) {
  const { nowMs, owns, purse, add, move, once, isDone, verdicts, stopped } = core
  const transfers = new Map<string, string>()
  const waiting = new Map<string, Waiting>()
  const claimed = new Set<string>()

  function closePayout(node: string, period: string): string {
    const amount = purse(`payable ${node}`)
    if (amount === 0n) return 'nothing_payable'
    return once(`payout ${node} ${period}`, 'payout', () => {
      add(`payout ${node} ${period}`, amount)
      move(amount, `payable ${node}`, `in transit ${node}`)
      return undefined
    })
  }

  function confirm(node: string, period: string, state: 'paid' | 'returned', transfer: string) {
    const name = `payout ${node} ${period}`
    if (!isDone(name)) return 'no_payout'
    const word = `${state} ${transfer}`
    if (!transfers.has(name)) {
      move(purse(name), `in transit ${node}`, state === 'paid' ? `paid ${node}` : `payable ${node}`)
      transfers.set(name, word)
    }
    return transfers.get(name) === word ? 'confirmed' : 'conflict'
  }

  /** `due`: what the delivered tokens cost; `bps`: the host's share of that. */
  function claimLate(ticket: string, node: string, id: string, due: bigint, bps: bigint): string {
    const verdict = verdicts.get(id)
    if (waiting.has(ticket)) return 'escrowed'
    if (verdict?.status !== 'expired') return 'unknown_hold'
    const { account, amount: held } = verdict.hold
    if (owns(account, node)) return 'own_traffic'
    const amount = ((due < held ? due : held) * bps) / 10_000n
    if (amount === 0n) return 'nothing_due'
    if (claimed.has(id)) return 'already_claimed'
    const today = Math.floor(nowMs() / dayMs)
    const dayOf = (who: string, most: bigint) => ({ who, name: `late ${who} ${today}`, most })
    const days = [dayOf(node, 5n * usd), dayOf(account, 20n * usd)]
    const full = days.find(
      ({ name, most }) => purse(`${name} count`) >= 3n || purse(name) + amount > most,
    )
    if (full) {
      stopped.add(full.who)
      return 'under_review'
    }
    for (const { name } of days) {
      add(name, amount)
      add(`${name} count`, 1n)
    }
    claimed.add(id)
    waiting.set(ticket, { node, amount, dueMs: nowMs() + 7 * dayMs })
    move(amount, 'shortfall', `escrow ${node}`)
    return 'escrowed'
  }

  function release(node: string): number {
    const due = [...waiting.values()].filter((one) => one.node === node && one.dueMs <= nowMs())
    for (const one of due) {
      one.dueMs = Number.POSITIVE_INFINITY
      add(`accrued ${node}`, one.amount)
      move(one.amount, `escrow ${node}`, `payable ${node}`)
    }
    return due.length
  }

  return { closePayout, confirm, claimLate, release }
}
