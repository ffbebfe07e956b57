/**
 * A small ledger to be searched through: one customer, two requests, one node, and a dozen things
 * that can happen to them. Its state can be kept and brought back, so that every sequence of them can
 * be tried without doing its beginning again.
 */

import { firstIdAt } from '../../src/adapters/system.ts'
import { accrueAccount } from '../../src/ledger/accrue.ts'
import { adjust } from '../../src/ledger/adjust.ts'
import { credit } from '../../src/ledger/credit.ts'
import { finishHold } from '../../src/ledger/finish.ts'
import { claimLate } from '../../src/ledger/late-claim.ts'
import { closePayout, confirmPayout } from '../../src/ledger/payout.ts'
import type { Decision } from '../../src/ledger/ports.ts'
import { refund } from '../../src/ledger/refund.ts'
import { type ReserveOrder, reserve } from '../../src/ledger/reserve.ts'
import { sweep } from '../../src/ledger/sweep.ts'
import type { Hold } from '../../src/ledger/wallet.ts'
import { type MemoryLedger, makeMemoryLedger } from '../support/memory-ledger.ts'
import type { LedgerState } from '../support/memory-state.ts'
import { decisionOf } from './decisions.ts'
import { composeLedger, graceMs, leaseMs, startMs } from './real-ledger.ts'

const accountId = 'acct_01JABCDEFGHJKMNPQRSTVWXYZA'
const nodeId = `n_${'a'.repeat(26)}`
const period = '2026-11-29'
const price = {
  promptNanoUsdPerMTok: 1_000_000n,
  cachedPromptNanoUsdPerMTok: 1_000_000n,
  completionNanoUsdPerMTok: 1_000_000n,
  hostShareBps: 10_000,
}

export type Scope = {
  readonly state: LedgerState
  readonly decisions: () => ReadonlyMap<string, Decision> | undefined
  readonly commands: Readonly<Record<string, () => Promise<unknown>>>
  readonly keep: () => Kept
  readonly bringBack: (kept: Kept) => void
  /** Whether anything was written since. */
  readonly isAsKept: (kept: Kept) => boolean
}

export async function openScope(): Promise<Scope> {
  const memory = makeMemoryLedger({ asserts: false })
  const ledger = composeLedger(memory)
  const account = { accountId, name: 'Customer', smoke: false, createdAtMs: startMs }
  await memory.accounts.createAccount(account)
  await memory.sweeps.writeCursor(new Date(startMs).toISOString().slice(0, 16))
  await credit(ledger.posting, { ...topUp, reference: 'first payment' })
  const caps = { spendPerDay: 3n, concurrency: 1 }
  const one = ledger.orderOf({ accountId, amount: 2n, caps })
  const other = ledger.orderOf({ accountId, amount: 2n })
  /** What gateways believe to hold, by hold id. */
  const believed = new Map<string, Hold>()

  const take = async (order: ReserveOrder) => {
    const answer = await reserve(ledger.reserving, order)
    if (answer.kind === 'held') believed.set(order.holdId, answer.hold)
  }
  const decisionOn = ({ holdId }: ReserveOrder, charge: bigint) => {
    const hold = believed.get(holdId)
    if (!hold) return undefined
    const served = { status: 'completed', nodeId, hostShareBps: 5_000 } as const
    const ending = charge > 0n ? served : ({ status: 'failed' } as const)
    return { hold, decision: decisionOf({ accountId, holdId, hold, charge, ...ending }) }
  }
  const finish = async (order: ReserveOrder, charge: bigint) => {
    const ending = decisionOn(order, charge)
    if (ending) await finishHold(ledger.finishing, ending.hold, ending.decision)
  }
  const giveBack = async (amount: bigint, bearer: 'platform' | 'host') => {
    const decision = await memory.holds.readDecision(accountId, one.holdId)
    const terms = { amount, bearer, reference: `refund by ${bearer}`, by: 'ann' }
    if (decision) await refund(ledger.refunding, decision, terms)
  }
  const claim = ({ holdId }: ReserveOrder) => {
    const usage = { prompt: 2, cached_prompt: 0, completion: 0 }
    const ticketHash = `ticket of ${holdId}`
    const terms = { ticketHash, nodeId, holdId, usage, price, maxTokens: 0, choices: 1 }
    return claimLate(ledger.claiming, terms)
  }

  const commands: Scope['commands'] = {
    'top up 3': () => credit(ledger.posting, { ...topUp, reference: 'second payment' }),
    'reserve one, capped': () => take(one),
    'reserve other': () => take(other),
    'decide one 2 and crash': async () => {
      const ending = decisionOn(one, 2n)
      if (ending) await memory.holds.decide(ending.decision)
    },
    'charge one 1': () => finish(one, 1n),
    'charge other 2': () => finish(other, 2n),
    'release other': () => finish(other, 0n),
    'sweep after the lease': async () => {
      ledger.setClock(startMs + leaseMs + graceMs + 1_000)
      await sweep(ledger.sweeping)
    },
    'accrue all': () => accrueAccount(ledger.accruing, accountId, firstIdAt(startMs + 1)),
    'refund one 1, host': () => giveBack(1n, 'host'),
    'refund one 1, platform': () => giveBack(1n, 'platform'),
    'pay out': async () => {
      await closePayout(ledger.paying, { nodeId, period })
      const word = { state: 'paid', transferId: 'transfer', by: 'bank' } as const
      await confirmPayout(ledger.paying, { nodeId, period }, word)
    },
    'claim other late': () => claim(other),
    'take 1 away': () => adjust(ledger.adjusting, { ...taking, accountId }),
  }
  return {
    state: memory.state,
    decisions: () => memory.state.decisions.get(accountId),
    commands,
    keep: () => ({
      maps: mapsOf(memory).map((map) => new Map(map)),
      decisions: new Map(memory.state.decisions.get(accountId)),
      cursor: memory.state.cursor,
      believed: new Map(believed),
      clockMs: ledger.nowMs(),
    }),
    bringBack: (kept) => {
      for (const [index, map] of mapsOf(memory).entries()) refill(map, kept.maps[index])
      memory.state.decisions.set(accountId, new Map(kept.decisions))
      memory.state.cursor = kept.cursor
      refill(believed, kept.believed)
      ledger.setClock(kept.clockMs)
    },
    isAsKept: (kept) =>
      mapsOf(memory).every((map, index) => isSame(map, kept.maps[index])) &&
      (memory.state.decisions.get(accountId)?.size ?? 0) === kept.decisions.size &&
      ledger.nowMs() === kept.clockMs,
  }
}

const topUp = { accountId, kind: 'top_up', amount: 3n, by: 'ann' } as const
const taking = { amount: -1n, reference: 'correction', reason: 'wrong', by: 'ann' }

export type Kept = {
  readonly maps: readonly ReadonlyMap<string, unknown>[]
  readonly decisions: ReadonlyMap<string, Decision>
  readonly cursor: string | undefined
  readonly believed: ReadonlyMap<string, Hold>
  readonly clockMs: number
}

/** All that the commands can change but the decisions, which lie one level deeper. */
function mapsOf({ state }: MemoryLedger): Map<string, unknown>[] {
  const { wallets, books, entries, earnings, payouts, lateClaims, lateDays, refunded } = state
  return [wallets, books, entries, earnings, payouts, lateClaims, lateDays, refunded]
}

function refill<T>(map: Map<string, T>, kept: ReadonlyMap<string, T> | undefined) {
  map.clear()
  for (const [key, value] of kept ?? []) map.set(key, value)
}

const isSame = (
  map: ReadonlyMap<string, unknown>,
  kept: ReadonlyMap<string, unknown> | undefined,
) => map.size === kept?.size && [...map].every(([key, value]) => kept.get(key) === value)
