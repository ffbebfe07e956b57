/** A small ledger and a checker that has seen all of it, with writes that tests may tamper with. */
import { expect } from 'vitest'
import type { Entry, Leg } from '../../../src/ledger/journal.ts'
import type { Decision, Reservation } from '../../../src/ledger/ports.ts'
import { formatUsd } from '../../../src/money/nano-usd.ts'
import type { ReceiptServed } from '../../../src/protocol/receipt.ts'
import { makeReceipt } from '../../../src/receipts/make-receipt.ts'
import { makeMemoryLedger } from '../../support/memory-ledger.ts'
import { fakeReceiptSigner, firstIdAt, timeOfId } from '../actors/ids.ts'
import type { Caps } from '../setting.ts'
import { modelAt } from '../stage.ts'
import { noteDispatched } from './answers.ts'
import type { CheckerContext } from './context.ts'
import { noteDecided } from './decisions.ts'
import { notePosted } from './journal.ts'
import { nothingSeen } from './record.ts'
import { noteHeld, noteSent, noteSettled } from './wallets.ts'

export const accountId = 'acct-1'
export const nodeId = 'n_host'
export const startMs = Date.UTC(2026, 10, 21, 12)
export const holdId = firstIdAt(startMs)
export const laterHoldId = firstIdAt(startMs + 1_000)
export const leaseMs = 600_000
const model = modelAt(1, 100)
const noCaps: Caps = {
  spendPerDay: undefined,
  spendPerMonth: undefined,
  requestsPerMinute: undefined,
  tokensPerMinute: undefined,
  concurrency: undefined,
}

/** A ledger with 1,000,000 nano-USD in one wallet, and a checker that has seen all of it. */
export async function openChecked(changes: { readonly caps?: Partial<Caps> } = {}) {
  const ledger = makeMemoryLedger({ asserts: false })
  const clock = { nowMs: startMs }
  const context: CheckerContext = {
    seen: nothingSeen(),
    nowMs: () => clock.nowMs,
    deadlineMs: leaseMs - 120_000,
    leaseMs,
    count: () => undefined,
    tell: () => undefined,
    walletOf: (id) => ledger.state.wallets.get(id),
    earningsOf: (id) => ledger.state.earnings.get(id),
    capsOf: () => ({ ...noCaps, ...changes.caps }),
    newestVersion: () => 1,
    priceOf: (version) => (version === 1 ? model.prices[0] : undefined),
    isOwn: () => false,
    timeOfId,
  }
  const account = { accountId, name: 'customer', smoke: false, createdAtMs: 0 }
  await ledger.accounts.createAccount(account)
  const post = async (entry: Entry) => {
    const posting = { entry, guards: [] }
    notePosted(context, 'test', posting, await ledger.journal.post(posting))
  }
  await post(entryOf('top_up', 'credit', '', move('wash', customer, 1_000_000n)))
  return {
    ledger,
    context,
    clock,
    post,
    hold: async (of: Partial<Taken> = {}) => {
      const reservation = reservationOf(of)
      noteSent(context, reservation)
      expect((await ledger.holds.reserve(reservation)).kind).toBe('held')
      noteHeld(context, reservation)
      return reservation.hold
    },
    decide: (decision: Decision) => noteDecided(context, decision, { kind: 'decided' }),
    settle: async (charge: bigint, of: Partial<Taken> = {}) => {
      const { hold, holdId } = reservationOf(of)
      const settlement = { accountId, holdId, hold, charge, returns: [] }
      expect((await ledger.holds.settle(settlement)).kind).toBe('settled')
      noteSettled(context, settlement)
    },
  }
}
export type Checked = Awaited<ReturnType<typeof openChecked>>

type Taken = { readonly holdId: string; readonly nonce: string; readonly amount: bigint }

export function reservationOf({
  nonce = 'nonce',
  amount = 400_000n,
  ...of
}: Partial<Taken>): Reservation {
  return {
    accountId,
    holdId: of.holdId ?? holdId,
    hold: { amount, nonce, expiresAtSec: 0, priceVersion: 1, counted: undefined },
    keyOrdinal: 1,
    charges: [],
    dropCounters: [],
  }
}

/** One prompt token costs 1,003 nano-USD. */
export function decisionOf(
  prompt: number,
  changes: { readonly charge?: bigint; readonly nonce?: string; readonly status?: 'expired' } = {},
): Decision {
  const charge = changes.charge ?? BigInt(prompt) * 1_003n
  const [price] = model.prices
  const usage = { prompt, cached_prompt: 0, completion: 0 }
  const served: ReceiptServed = {
    profile_id: 'maker/model@q8',
    artifact_digest: 'name:model',
    route_tier: 'network_beta',
    trust_tier: 'T0',
    gates: 31,
    benchmark_id: 'bench-1',
    usage: {
      claimed: null,
      counted: usage,
      billed: usage,
      count_method: 'bytes_ratio',
      inflated: false,
    },
    price: {
      version: 1,
      prompt_usd_per_mtok: price?.prompt_usd_per_mtok ?? '',
      cached_prompt_usd_per_mtok: price?.cached_prompt_usd_per_mtok ?? '',
      completion_usd_per_mtok: price?.completion_usd_per_mtok ?? '',
      host_share_bps: 8_000,
    },
    node_receipt_hash: null,
  }
  const isExpired = changes.status === 'expired'
  const receipt = makeReceipt(
    {
      model: isExpired ? null : model.id,
      result: { status: changes.status ?? 'completed', finish_reason: null, error: null },
      served: isExpired ? null : served,
      charge,
      hostShareBps: 8_000,
      endedAtMs: startMs,
      firstContentMs: null,
      totalMs: null,
      private: {
        request_id: holdId,
        account_id: accountId,
        key_id: null,
        hold_usd: formatUsd(400_000n),
        started_at_ms: startMs,
        attempts: isExpired ? [] : [{ node_id: nodeId, outcome: 'served', ticket_hash: 'aa' }],
        node_public_key: null,
        claim: null,
        request_commitment: null,
        output_commitment: null,
      },
      salt: 'salt',
    },
    fakeReceiptSigner,
  )
  return { accountId, holdId, nonce: changes.nonce ?? 'nonce', charge, receipt }
}
export const expired = () => decisionOf(0, { status: 'expired' })

export const customer = { kind: 'customer', owner: accountId } as const
export const host = { kind: 'host', owner: nodeId } as const
export const move = (from: 'wash' | 'shortfall', to: Leg['account'], amount: bigint): Leg[] => [
  { account: { kind: from }, amount: -amount },
  { account: to, amount },
]
export function entryOf(kind: Entry['kind'], reference: string, about: string, legs: Leg[]): Entry {
  return { entryId: firstIdAt(startMs), kind, legs, reference, about, atMs: startMs, by: 'test' }
}

/** Hold, decision over 100 prompt tokens, settlement. */
export async function charged(checked: Checked): Promise<Decision> {
  const decision = decisionOf(100)
  await checked.hold()
  checked.decide(decision)
  await checked.settle(decision.charge)
  return decision
}

export type Act = (checked: Checked) => Promise<void>

export const dispatch = (context: CheckerContext, run: string, atMs = startMs) =>
  noteDispatched(context, { run, holdId, atMs })

export const noteEntry = (context: CheckerContext, entry: Entry) =>
  notePosted(context, 'test', { entry, guards: [] }, { kind: 'posted' })

/** The wallet changes by itself. */
export function tamper({ ledger }: Checked, available: bigint, held: bigint): void {
  const wallet = ledger.state.wallets.get(accountId)
  if (!wallet) throw new Error('no wallet')
  ledger.state.wallets.set(accountId, {
    ...wallet,
    available: wallet.available + available,
    held: wallet.held + held,
  })
}
