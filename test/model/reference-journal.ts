/**
 * The reference's second part: money that comes in, is given back and is earned. Everything has a name
 * under which it is done once; what is asked again under that name is compared with what was done.
 */
import type { Terms, Verdict } from './reference-ledger.ts'
import { makeReferencePayouts } from './reference-payouts.ts'

export type Core = Pick<Terms, 'nowMs' | 'owns'> & {
  readonly purse: (name: string) => bigint
  readonly add: (name: string, amount: bigint) => void
  readonly available: (account: string) => bigint
  readonly openIds: (account: string) => string[]
  readonly verdicts: ReadonlyMap<string, Verdict>
  readonly closed: Map<string, string>
  readonly stopped: Set<string>
}

const usd = 1_000_000_000n

export function makeReferenceJournal(core: Core) {
  const { owns, purse, add, verdicts, closed } = core
  const done = new Map<string, string>()
  const requests = new Map<string, { account: string; amount: bigint; by: string }>()
  /** Account → the id through which its charges are passed on. */
  const through = new Map<string, string>()

  function move(amount: bigint, from: string, to: string) {
    add(from, -amount)
    add(to, amount)
  }

  function once(name: string, what: string, act: () => string | undefined): string {
    const before = done.get(name)
    if (before !== undefined) return before === what ? 'before' : 'before, otherwise'
    const refusal = act()
    if (refusal === undefined) done.set(name, what)
    return refusal ?? 'done'
  }

  function credit(kind: 'top_up' | 'grant', account: string, amount: bigint, name: string) {
    return once(name, `${kind} ${account} ${amount}`, () => {
      move(amount, kind, `customer ${account}`)
      if (kind === 'grant') add(`granted ${account}`, amount)
      return undefined
    })
  }

  function adjust(account: string, amount: bigint, name: string, by: string): string {
    if (amount <= 100n * usd && amount >= -100n * usd) return correct(account, amount, name)
    const standing = requests.get(name) ?? { account, amount, by }
    requests.set(name, standing)
    const isSame = standing.account === account && standing.amount === amount
    return isSame ? 'requested' : 'requested otherwise'
  }

  function approve(name: string, by: string): string {
    const request = requests.get(name)
    if (!request) return 'no_request'
    return request.by === by ? 'same_operator' : correct(request.account, request.amount, name)
  }

  function correct(account: string, amount: bigint, name: string): string {
    return once(name, `adjustment ${account} ${amount}`, () => {
      if (core.available(account) + amount < 0n) return 'not_covered'
      move(amount, 'adjustments', `customer ${account}`)
      return undefined
    })
  }

  function refund(id: string, amount: bigint, bearer: 'platform' | 'host', name: string): string {
    const verdict = verdicts.get(id)
    if (!verdict) return 'no charge'
    const { charge, part, node = '', hold } = verdict
    if (amount > charge) return 'above_charge'
    const isHost = bearer === 'host'
    const fromHost = isHost && charge > 0n ? (amount * part) / charge : 0n
    const fromUs = isHost && charge > 0n ? 0n : amount
    return once(name, `refund ${id} ${amount} ${fromUs}`, () => {
      if (isHost && (node === '' || owns(hold.account, node))) return 'host_unpaid'
      if (isHost && (through.get(hold.account) ?? '') < id) return 'host_short'
      if (isHost && purse(`granted ${hold.account}`) > 0n) return 'host_unpaid'
      if (purse(`payable ${node}`) < fromHost) return 'host_short'
      if (purse(`refunded ${id}`) + amount > charge) return 'above_charge'
      add(`refunded ${id}`, amount)
      add(`clawed back ${node}`, fromHost)
      move(fromHost, `payable ${node}`, `customer ${hold.account}`)
      move(amount - fromHost, isHost ? 'fees' : 'shortfall', `customer ${hold.account}`)
      return undefined
    })
  }

  /** How many charges were passed on. */
  function accrue(account: string, before: string): number {
    const isNew = (id: string, end: string) => id > (through.get(account) ?? '') && id < end
    const own = [...verdicts.values()].filter(({ hold }) => hold.account === account)
    if (!own.some(({ hold }) => isNew(hold.id, before))) return 0
    if (before > (closed.get(account) ?? '')) closed.set(account, before)
    const end = [...core.openIds(account), before].sort()[0] ?? before
    const due = own.filter(({ hold }) => isNew(hold.id, end)).sort(byId)
    for (const verdict of due) {
      passOn(account, verdict)
      through.set(account, verdict.hold.id)
    }
    return due.length
  }

  function passOn(account: string, { charge, part, node = '' }: Verdict) {
    const left = purse(`granted ${account}`) - purse(`grants used ${account}`)
    const grant = charge < left ? charge : left
    const earns = node !== '' && charge > 0n && !owns(account, node)
    const share = earns ? (part * (charge - grant)) / charge : 0n
    add(`grants used ${account}`, grant)
    add(`accrued ${node}`, share)
    move(share, `passed on ${account}`, `payable ${node}`)
    move(part - share, `passed on ${account}`, 'unpayable')
    move(charge - part, `passed on ${account}`, 'fees')
  }

  const payouts = makeReferencePayouts({ ...core, once, move, isDone: (name) => done.has(name) })
  return { credit, adjust, approve, refund, accrue, through, ...payouts }
}

const byId = (one: Verdict, other: Verdict) => (one.hold.id < other.hold.id ? -1 : 1)
