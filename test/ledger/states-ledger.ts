/**
 * One hold of the largest amount that can be written, brought into each of its states, and everything
 * that can be asked of it there. `states-hold.ts` and `states-charge.ts` say what
 * comes of each.
 */

import { firstIdAt } from '../../src/adapters/system.ts'
import { accrueAccount } from '../../src/ledger/accrue.ts'
import { credit } from '../../src/ledger/credit.ts'
import { applyDecision, finishHold } from '../../src/ledger/finish.ts'
import { claimLate } from '../../src/ledger/late-claim.ts'
import { closePayout, confirmPayout, releaseEscrow } from '../../src/ledger/payout.ts'
import { type Refund, refund } from '../../src/ledger/refund.ts'
import { type ReserveOrder, reserve } from '../../src/ledger/reserve.ts'
import { sweep } from '../../src/ledger/sweep.ts'
import type { Hold } from '../../src/ledger/wallet.ts'
import { InvariantError } from '../../src/protocol/assert.ts'
import { decisionOf } from '../model/decisions.ts'
import { composeLedger, graceMs, leaseMs } from '../model/real-ledger.ts'
import { makeMemoryLedger } from '../support/memory-ledger.ts'

/** 999,999,999,999.999999999 USD. */
export const max = 10n ** 21n - 1n
const accountId = 'acct_01JABCDEFGHJKMNPQRSTVWXYZA'
const nodeId = `n_${'a'.repeat(26)}`
const period = '2026-11-29'

export type Bench = Awaited<ReturnType<typeof openBench>>

export async function openBench() {
  const memory = makeMemoryLedger({ asserts: true })
  const ledger = composeLedger(memory)
  const account = { accountId, name: 'Customer', smoke: false, createdAtMs: ledger.nowMs() }
  await memory.accounts.createAccount(account)
  const order = ledger.orderOf({ accountId, amount: max })
  /** In state `none`, a gateway that believes to have it. */
  let hold: Hold = { ...order.hold, nonce: 'never held' }

  const take = async (wanted: ReserveOrder): Promise<string> => {
    const answer = await reserve(ledger.reserving, wanted)
    if (answer.kind === 'held' && wanted === order) hold = answer.hold
    return answer.kind === 'refused' ? answer.refusal.kind : answer.kind
  }
  const decision = (charge: bigint) =>
    decisionOf({
      accountId,
      holdId: order.holdId,
      hold,
      charge,
      hostShareBps: 10_000,
      ...(charge > 0n ? { status: 'completed', nodeId } : { status: 'failed' }),
    })
  const standing = () => memory.holds.readDecision(accountId, order.holdId)

  return {
    ledger,
    topUp: async (reference: string) => {
      const terms = { accountId, kind: 'top_up', amount: max, reference, by: 'ann' } as const
      await credit(ledger.posting, terms)
    },
    reserveSame: () => take(order),
    /** Later than whatever the books were closed at. */
    reserveOther: (amount: bigint) => {
      ledger.moveClock(1_000)
      return take(ledger.orderOf({ accountId, amount }))
    },
    decide: (charge: bigint) => memory.holds.decide(decision(charge)),
    finish: async (charge: bigint): Promise<string> => {
      const finished = await finishHold(ledger.finishing, hold, decision(charge))
      if (finished.kind === 'unavailable') return finished.kind
      const whose = finished.wasFirst ? 'own' : 'other'
      return `${whose} decision, ${inMax(finished.decision.charge)}`
    },
    apply: async (): Promise<string> => {
      const decided = await standing()
      if (!decided) return 'undecided'
      return (await applyDecision(ledger.finishing, hold, decided)) ? 'applied' : 'unknown'
    },
    settleOther: async (): Promise<string> => {
      const other = { ...hold, nonce: 'of another' }
      const at = { accountId, holdId: order.holdId, hold: other }
      return (await memory.holds.settle({ ...at, charge: 1n, returns: [] })).kind
    },
    sweepAt: async (waitMs: number): Promise<string> => {
      ledger.moveClock(waitMs)
      return `${(await sweep(ledger.sweeping)).released} ended`
    },
    refund: async (amount: bigint, bearer: Refund['bearer']): Promise<string> => {
      const decided = await standing()
      if (!decided) return 'undecided'
      const terms = { amount, bearer, reference: 'refund 1', by: 'ann' }
      return (await refund(ledger.refunding, decided, terms)).kind
    },
    claimLate: async (due: bigint): Promise<string> => {
      const usage = { prompt: 1, cached_prompt: 0, completion: 0 }
      const perMTok = due * 1_000_000n
      const price = {
        promptNanoUsdPerMTok: perMTok,
        cachedPromptNanoUsdPerMTok: perMTok,
        completionNanoUsdPerMTok: perMTok,
        hostShareBps: 10_000,
      }
      const { holdId } = order
      const claimed = { ticketHash: 'ticket 1', nodeId, holdId, usage, price }
      const answer = await claimLate(ledger.claiming, { ...claimed, maxTokens: 1, choices: 1 })
      return answer.kind === 'refused' ? answer.reason : answer.kind
    },
    accrue: async (): Promise<string> => {
      const before = firstIdAt(ledger.nowMs() + 1)
      const { decisions } = await accrueAccount(ledger.accruing, accountId, before)
      return `${decisions} accrued`
    },
    close: async () => (await closePayout(ledger.paying, { nodeId, period })).kind,
    confirm: async (state: 'paid' | 'returned') => {
      const word = { state, transferId: 'transfer 1', by: 'bank' } as const
      return (await confirmPayout(ledger.paying, { nodeId, period }, word)).kind
    },
    release: async (waitMs: number): Promise<string> => {
      ledger.moveClock(waitMs)
      return `${await releaseEscrow(ledger.paying, nodeId)} released`
    },
    /** Available, held, spent; then of the node: payable, in transit, paid, in escrow. */
    figures: async (): Promise<string> => {
      const wallet = await memory.sweeps.readWallet(accountId)
      const earnings = await memory.journal.readEarnings(nodeId)
      const customer = [wallet?.available, wallet?.held, wallet?.spent]
      const { payable, inTransit, paid, escrowed } = earnings ?? {}
      const node = [payable, inTransit, paid, escrowed]
      const shown = (amounts: readonly (bigint | undefined)[]) =>
        amounts.map((amount) => inMax(amount ?? 0n)).join(' ')
      return `${shown(customer)}, ${shown(node)}`
    },
  }
}

/** `m`, `m-1`, `2m`: by how much an amount is off a multiple of the largest one. */
function inMax(amount: bigint): string {
  const times = (amount + max / 2n) / max
  const rest = amount - times * max
  if (times === 0n) return `${rest}`
  const whole = times === 1n ? 'm' : `${times}m`
  if (rest === 0n) return whole
  return rest > 0n ? `${whole}+${rest}` : `${whole}${rest}`
}

const overMs = leaseMs + graceMs
const weekMs = 7 * 24 * 60 * 60_000

/** Each after `none`, which has an account with one top-up of the largest amount. */
const states: Readonly<Record<string, (bench: Bench) => Promise<unknown>>> = {
  none: async () => undefined,
  open: (bench) => bench.reserveSame(),
  charged: (bench) => after(bench, 'open', () => bench.decide(max)),
  released: (bench) => after(bench, 'open', () => bench.decide(0n)),
  settled: (bench) => after(bench, 'open', () => bench.finish(max)),
  expired: (bench) => after(bench, 'open', () => bench.sweepAt(overMs)),
  twin: async (bench) => {
    await after(bench, 'settled', () => bench.topUp('payment 2'))
    await bench.reserveSame()
  },
  accrued: (bench) => after(bench, 'settled', bench.accrue),
  'in transit': (bench) => after(bench, 'accrued', bench.close),
  'paid out': (bench) => after(bench, 'in transit', () => bench.confirm('paid')),
  'claimed late': (bench) => after(bench, 'expired', () => bench.claimLate(1n)),
}

async function after(bench: Bench, state: string, step: () => Promise<unknown>) {
  await states[state]?.(bench)
  await step()
}

export const commands: Readonly<Record<string, (bench: Bench) => Promise<string>>> = {
  'reserve same id': (bench) => bench.reserveSame(),
  'reserve other, 0': (bench) => bench.reserveOther(0n),
  'reserve other, 1': (bench) => bench.reserveOther(1n),
  'reserve other, m': (bench) => bench.reserveOther(max),
  'charge 0': (bench) => bench.finish(0n),
  'charge 1': (bench) => bench.finish(1n),
  'charge m': (bench) => bench.finish(max),
  'charge m+1': (bench) => bench.finish(max + 1n),
  'apply decision': (bench) => bench.apply(),
  'apply it twice': async (bench) => {
    await bench.apply()
    return bench.apply()
  },
  'settle other nonce': (bench) => bench.settleOther(),
  'sweep in lease': (bench) => bench.sweepAt(overMs - 1),
  'sweep after lease': (bench) => bench.sweepAt(overMs),
  'refund 0': (bench) => bench.refund(0n, 'platform'),
  'refund 1': (bench) => bench.refund(1n, 'platform'),
  'refund m': (bench) => bench.refund(max, 'platform'),
  'refund m+1': (bench) => bench.refund(max + 1n, 'platform'),
  'refund m by host': (bench) => bench.refund(max, 'host'),
  'claim late 0': (bench) => bench.claimLate(0n),
  'claim late 1': (bench) => bench.claimLate(1n),
  'claim late m': (bench) => bench.claimLate(max),
  accrue: (bench) => bench.accrue(),
  'close payout': (bench) => bench.close(),
  'payout paid': (bench) => bench.confirm('paid'),
  'payout returned': (bench) => bench.confirm('returned'),
  'release in a week': (bench) => bench.release(weekMs),
}

export const stateNames = Object.keys(states)

export async function benchIn(state: string): Promise<Bench> {
  const bench = await openBench()
  await bench.topUp('payment 1')
  await states[state]?.(bench)
  return bench
}

/** What a command answers; a bug that an assertion stopped is named by its rule. */
export async function answerOf(bench: Bench, command: string): Promise<string> {
  const run = commands[command]
  if (!run) throw new Error(`There is no command "${command}".`)
  return run(bench).catch((error) => {
    if (error instanceof InvariantError) return error.invariant
    throw error
  })
}
