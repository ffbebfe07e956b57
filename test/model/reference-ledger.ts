/**
 * What the ledger should do, said as simply as possible: holds that are never forgotten, purses that
 * money moves between, sums over both, and answers as words. It shares nothing with the product, not
 * even a type. What happens to a charge once its hold has ended is in `reference-journal.ts`.
 */
import { makeReferenceJournal } from './reference-journal.ts'

export type LimitName = 'spend_day' | 'spend_month' | 'rpm' | 'tpm' | 'concurrency'
export type Order = {
  readonly id: string
  readonly account: string
  readonly key: number
  readonly amount: bigint
  readonly tokens: number
  readonly atMs: number
  readonly limits: Partial<Record<LimitName, bigint>>
  readonly claim?: { readonly name: string; readonly body: string } | undefined
}
export type Outcome = {
  readonly charge: bigint
  readonly tokens: number
  readonly status: 'completed' | 'failed' | 'expired'
  readonly node?: string | undefined
  /** The host's part of the charge. */
  readonly part: bigint
}
export type Hold = Order & { isOpen: boolean; cost: bigint; counted: number }
export type Verdict = Outcome & { readonly hold: Hold }
export type Terms = {
  readonly nowMs: () => number
  readonly leaseMs: number
  readonly graceMs: number
  readonly owns: (account: string, node: string) => boolean
}

const limitNames = ['spend_day', 'spend_month', 'rpm', 'tpm', 'concurrency'] as const
const daySec = 86_400
const day = (ms: number) => Math.floor(ms / 1000 / daySec)
const minute = (ms: number) => Math.floor(ms / 60_000)
const month = (ms: number) => new Date(ms).getUTCFullYear() * 12 + new Date(ms).getUTCMonth()

export function makeReference({ nowMs, leaseMs, graceMs, owns }: Terms) {
  const purses = new Map<string, bigint>()
  const purse = (name: string) => purses.get(name) ?? 0n
  const add = (name: string, amount: bigint) => purses.set(name, purse(name) + amount)
  const holds: Hold[] = []
  /** How each hold id was decided: once, for whichever hold of that id came first. */
  const verdicts = new Map<string, Verdict>()
  const claims = new Map<string, { id: string; body: string; endSec: number }>()
  /** Account → the id up to which no hold is taken any more. */
  const closed = new Map<string, string>()
  const stopped = new Set<string>()

  const openOf = (account: string) => holds.filter((one) => one.isOpen && one.account === account)
  const held = (account: string) => sum(openOf(account).map(({ amount }) => amount))
  const available = (account: string) => purse(`customer ${account}`) - held(account)

  /** An open hold costs and counts as much as it may come to. */
  function used(account: string, key: number, atMs: number): Record<LimitName, bigint> {
    const own = holds.filter((hold) => hold.account === account && hold.key === key)
    const within = (period: (ms: number) => number) => {
      const now = period(atMs)
      return own.filter((hold) => period(hold.atMs) === now)
    }
    const minutes = within(minute)
    const costs = (of: readonly Hold[]) => sum(of.map(({ cost }) => cost))
    return {
      spend_day: costs(within(day)),
      spend_month: costs(within(month)),
      rpm: BigInt(minutes.length),
      tpm: BigInt(minutes.reduce((total, { counted }) => total + counted, 0)),
      concurrency: BigInt(own.filter(({ isOpen }) => isOpen).length),
    }
  }

  function take(order: Order): string {
    const hopeless = exceeded(order, undefined)
    if (hopeless) return hopeless
    const answer = tryToTake(order)
    const mayHelp = /^(counter|balance|open_holds)/.test(answer)
    return mayHelp && sweep(order.account) > 0 ? tryToTake(order) : answer
  }

  function tryToTake(order: Order): string {
    const { id, amount, tokens, claim } = order
    const refusal = refusalOfClaim(order) ?? refusalOfWallet(order)
    if (refusal) return refusal
    const endSec = Math.ceil(nowMs() / 1000) + daySec
    if (claim) claims.set(claim.name, { id, body: claim.body, endSec })
    holds.push({ ...order, isOpen: true, cost: amount, counted: tokens })
    return 'held'
  }

  function refusalOfClaim({ id, claim }: Order): string | undefined {
    const standing = claim && claims.get(claim.name)
    if (!standing || standing.endSec <= Math.floor(nowMs() / 1000)) return
    if (standing.id === id) return 'unavailable'
    if (standing.body !== claim.body) return 'claim_reused'
    const verdict = verdicts.get(standing.id)
    if (!verdict) return 'claim_running'
    return verdict.charge > 0n || verdict.status === 'completed' ? 'claim_completed' : undefined
  }

  function refusalOfWallet(order: Order): string | undefined {
    const { id, account, key, amount, atMs } = order
    const open = openOf(account)
    if (open.some((hold) => hold.id === id)) return 'duplicate'
    if (id <= (closed.get(account) ?? '')) return 'closed'
    if (stopped.has(account)) return 'suspended'
    if (stopped.has(`${account} ${key}`)) return 'key_revoked'
    const full = exceeded(order, used(account, key, atMs))
    if (full) return full
    if (available(account) < amount) return `balance ${available(account)} of ${held(account)}`
    return open.length >= 64 ? 'open_holds' : undefined
  }

  /** Whoever comes first decides. */
  function decide(hold: Hold, outcome: Outcome): Verdict {
    const verdict = verdicts.get(hold.id) ?? { ...outcome, hold }
    verdicts.set(hold.id, verdict)
    return verdict
  }

  /** The money moves as was decided, but only for the hold that was decided about. */
  function end(hold: Hold, outcome: Outcome): Verdict {
    const verdict = decide(hold, outcome)
    if (!hold.isOpen) return verdict
    const due = verdict.hold === hold ? verdict : { charge: 0n, tokens: 0 }
    hold.isOpen = false
    hold.cost = due.charge
    if (nowMs() < hold.atMs + 120_000) hold.counted = Math.min(hold.counted, due.tokens)
    add(`customer ${hold.account}`, -due.charge)
    add(`spent ${hold.account}`, due.charge)
    return verdict
  }

  function sweep(account?: string): number {
    const leaseEnd = ({ atMs }: Hold) => Math.ceil((atMs + leaseMs) / 1000) * 1000
    const own = holds.filter((hold) => hold.isOpen && (account ?? hold.account) === hold.account)
    const due = own.filter((hold) => leaseEnd(hold) + graceMs <= nowMs())
    for (const hold of due) end(hold, { charge: 0n, tokens: 0, status: 'expired', part: 0n })
    return due.length
  }

  const openIds = (account: string) => openOf(account).map(({ id }) => id)
  const core = { nowMs, owns, purse, add, available, openIds, verdicts, closed, stopped }
  return { take, decide, end, sweep, used, held, holds, ...core, ...makeReferenceJournal(core) }
}

function exceeded(order: Order, used: Record<LimitName, bigint> | undefined): string | undefined {
  const asked: Record<LimitName, bigint> = {
    spend_day: order.amount,
    spend_month: order.amount,
    rpm: 1n,
    tpm: BigInt(order.tokens),
    concurrency: 1n,
  }
  const full = limitNames.find((name) => {
    const limit = order.limits[name]
    return limit !== undefined && asked[name] + (used?.[name] ?? 0n) > limit
  })
  return full && `counter ${full}`
}

const sum = (amounts: readonly bigint[]) => amounts.reduce((total, amount) => total + amount, 0n)
