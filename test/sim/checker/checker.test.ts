// The checker itself: sound facts pass, and unsound ones break the promise that they should.
import { describe, expect, test } from 'vitest'
import type { Entry, Leg } from '../../../src/ledger/journal.ts'
import type { Decision, Reservation } from '../../../src/ledger/ports.ts'
import { formatUsd } from '../../../src/money/nano-usd.ts'
import type { ReceiptServed } from '../../../src/protocol/receipt.ts'
import { makeReceipt } from '../../../src/receipts/make-receipt.ts'
import { makeMemoryLedger } from '../../support/memory-ledger.ts'
import { fakeReceiptSigner, firstIdAt, timeOfId } from '../actors/ids.ts'
import { Violation } from '../engine/violation.ts'
import type { Caps } from '../setting.ts'
import { modelAt } from '../stage.ts'
import { noteClaimed, noteDispatched, noteToldReceipt } from './answers.ts'
import type { CheckerContext } from './context.ts'
import { noteDecided } from './decisions.ts'
import { checkEnding, checkLiveness, checkRefused } from './ending.ts'
import { notePosted } from './journal.ts'
import { accountOf, nothingSeen } from './record.ts'
import { noteHeld, noteSent, noteSettled } from './wallets.ts'

const accountId = 'acct-1'
const nodeId = 'n_host'
const startMs = Date.UTC(2026, 10, 21, 12)
const holdId = firstIdAt(startMs)
const laterHoldId = firstIdAt(startMs + 1_000)
const leaseMs = 600_000
const model = modelAt(1, 100)
const noCaps: Caps = {
  spendPerDay: undefined,
  spendPerMonth: undefined,
  requestsPerMinute: undefined,
  tokensPerMinute: undefined,
  concurrency: undefined,
}

/** A ledger with 1,000,000 nano-USD in one wallet, and a checker that has seen all of it. */
async function openChecked(changes: { readonly caps?: Partial<Caps> } = {}) {
  const ledger = makeMemoryLedger({ asserts: false })
  const clock = { nowMs: startMs }
  const context: CheckerContext = {
    seen: nothingSeen(),
    nowMs: () => clock.nowMs,
    deadlineMs: leaseMs - 120_000,
    leaseMs,
    count: () => undefined,
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
type Checked = Awaited<ReturnType<typeof openChecked>>

type Taken = { readonly holdId: string; readonly nonce: string; readonly amount: bigint }

function reservationOf({ nonce = 'nonce', amount = 400_000n, ...of }: Partial<Taken>): Reservation {
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
function decisionOf(
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
const expired = () => decisionOf(0, { status: 'expired' })

const customer = { kind: 'customer', owner: accountId } as const
const host = { kind: 'host', owner: nodeId } as const
const move = (from: 'wash' | 'shortfall', to: Leg['account'], amount: bigint): Leg[] => [
  { account: { kind: from }, amount: -amount },
  { account: to, amount },
]
function entryOf(kind: Entry['kind'], reference: string, about: string, legs: Leg[]): Entry {
  return { entryId: firstIdAt(startMs), kind, legs, reference, about, atMs: startMs, by: 'test' }
}

/** Hold, decision over 100 prompt tokens, settlement. */
async function charged(checked: Checked): Promise<Decision> {
  const decision = decisionOf(100)
  await checked.hold()
  checked.decide(decision)
  await checked.settle(decision.charge)
  return decision
}

test('a request that is held, decided and settled as it should be breaks nothing', async () => {
  const checked = await openChecked({ caps: { concurrency: undefined } })
  const { receipt } = await charged(checked)
  const costUsd = receipt.body.charge.charge_usd
  noteToldReceipt(checked.context, accountId, { receipt, costUsd })
  checkLiveness(checked.context)
  checkRefused(checked.context, accountId, laterHoldId)
})

const unsound: Readonly<Record<string, readonly [name: string, act: Act][]>> = {
  S1: [
    [
      'a balance below zero',
      async ({ post }) =>
        post(
          entryOf('adjustment', 'ticket', '', [
            { account: customer, amount: -400_000n },
            { account: { kind: 'adjustments' }, amount: 400_000n },
          ]),
        ),
    ],
  ],
  S2: [['money that came from nowhere', async (checked) => void (await tampered(checked, 7n, 0n))]],
  S3: [['held money without a hold', async (checked) => void (await tampered(checked, -7n, 7n))]],
  S4: [
    [
      'a hold that ends undecided',
      async ({ hold, settle }) => void (await hold(), await settle(0n)),
    ],
    [
      'a second decision',
      async (checked) => void (await charged(checked), checked.decide(expired())),
    ],
    ['a decision about no hold', async ({ decide }) => decide(expired())],
    [
      'the same nonce taken again',
      async (checked) => void (await charged(checked), await checked.hold()),
    ],
  ],
  S5: [
    [
      'legs that do not sum to zero',
      async ({ post }) =>
        post(entryOf('refund', 'refund', holdId, [{ account: customer, amount: 5n }])),
    ],
  ],
  S6: [
    [
      'a charge above the hold',
      async ({ hold, decide }) => void (await hold(), decide(decisionOf(999))),
    ],
  ],
  S7: [
    [
      'another charge than was decided',
      async ({ hold, decide, settle }) => {
        await hold()
        decide(decisionOf(100))
        await settle(99n)
      },
    ],
    [
      'a receipt that does not stand',
      async (checked) => {
        const { receipt } = decisionOf(100)
        noteToldReceipt(checked.context, accountId, { receipt, costUsd: '1' })
      },
    ],
    [
      'a refused request that costs',
      async (checked) => {
        await charged(checked)
        checkRefused(checked.context, accountId, holdId)
      },
    ],
  ],
  S8: [
    [
      'refunds above the charge',
      async (checked) => {
        const { charge } = await charged(checked)
        const legs = move('shortfall', customer, charge)
        await checked.post(entryOf('refund', 'one', holdId, legs))
        await checked.post(entryOf('refund', 'other', holdId, legs))
      },
    ],
  ],
  S9: [
    ['a dispatch without a hold', async ({ context }) => dispatch(context, 'run 1')],
    [
      'two owners of one dispatch',
      async ({ context, hold }) => {
        await hold()
        dispatch(context, 'run 1')
        dispatch(context, 'run 2')
      },
    ],
    [
      'a late claim of a hold that was charged',
      async (checked) => {
        await charged(checked)
        const legs = move('shortfall', { kind: 'escrow', owner: nodeId }, 5n)
        await checked.post(entryOf('late_claim', 'late', `${accountId} ${holdId}`, legs))
      },
    ],
  ],
  S10: [
    [
      'two holds under one key',
      async ({ context, hold }) => {
        const claim = { claimHash: 'key', fingerprint: 'body', nowSec: 0, expiresAtSec: 1 }
        for (const one of [holdId, laterHoldId]) {
          context.seen.asked.set(one, claim)
          await hold({ holdId: one })
          noteClaimed(context, reservationOf({ holdId: one }))
        }
      },
    ],
  ],
  S11: [
    [
      'a charge that does not follow from its receipt',
      async ({ hold, decide }) =>
        void (await hold(), decide(decisionOf(100, { charge: 100_301n }))),
    ],
  ],
  S13: [
    [
      'a payout of what was never earned',
      async ({ context }) =>
        noteEntry(
          context,
          entryOf('payout', 'payout', '2026-11-21', [
            { account: host, amount: -5n },
            { account: { kind: 'in_transit', owner: nodeId }, amount: 5n },
          ]),
        ),
    ],
    [
      'a charge that never accrues',
      async (checked) => void (await charged(checked), checkEnding(checked.context)),
    ],
    [
      'an accrual to a host that did not serve',
      async (checked) => {
        const { charge } = await charged(checked)
        const about = `${accountId} ${holdId} ${holdId}`
        const legs: Leg[] = [
          { account: { kind: 'undistributed' }, amount: -charge },
          { account: { kind: 'host', owner: 'n_other' }, amount: charge },
        ]
        noteEntry(checked.context, entryOf('accrual', 'accrual', about, legs))
      },
    ],
  ],
  S14: [
    [
      'a cap that is exceeded',
      async () => {
        const { hold } = await openChecked({ caps: { concurrency: 1 } })
        await hold().catch(() => undefined)
        await hold({ holdId: laterHoldId })
      },
    ],
  ],
  S15: [
    [
      'a late claim that a customer pays',
      async ({ context }) => {
        const legs: Leg[] = [
          { account: customer, amount: -5n },
          { account: { kind: 'escrow', owner: nodeId }, amount: 5n },
        ]
        noteEntry(context, entryOf('late_claim', 'late', `${accountId} ${holdId}`, legs))
      },
    ],
  ],
  T1: [
    [
      'a lease cut short',
      async ({ hold, decide, clock }) => {
        await hold()
        clock.nowMs += leaseMs - 1
        decide(expired())
      },
    ],
  ],
  L1: [
    [
      'a hold that stays open',
      async ({ hold, context }) => void (await hold(), checkLiveness(context)),
    ],
  ],
  stop: [
    [
      'a hold of a suspended account',
      async ({ hold, context }) => {
        accountOf(context.seen, accountId).isSuspended = true
        await hold()
      },
    ],
  ],
  deadline: [
    [
      'a dispatch after the deadline',
      async ({ hold, context }) => {
        await hold()
        dispatch(context, 'run', startMs + leaseMs)
      },
    ],
  ],
}
type Act = (checked: Checked) => Promise<void>

const dispatch = (context: CheckerContext, run: string, atMs = startMs) =>
  noteDispatched(context, { run, holdId, atMs })

const noteEntry = (context: CheckerContext, entry: Entry) =>
  notePosted(context, 'test', { entry, guards: [] }, { kind: 'posted' })

/** The wallet changes by itself, then a hold makes the checker look at it. */
async function tampered({ ledger, hold }: Checked, available: bigint, held: bigint) {
  const wallet = ledger.state.wallets.get(accountId)
  if (!wallet) throw new Error('no wallet')
  ledger.state.wallets.set(accountId, {
    ...wallet,
    available: wallet.available + available,
    held: wallet.held + held,
  })
  await hold()
}

describe.each(Object.entries(unsound))('%s is broken by', (invariant, cases) => {
  test.each(cases)('%s', async (_, act) => {
    const checked = await openChecked()
    const broken = act(checked).then(
      () => 'nothing',
      (error) => (error instanceof Violation ? error.invariant : error),
    )
    expect(await broken).toBe(invariant)
  })
})

test('T1 is kept by the sweeper that waits for the whole lease', async () => {
  const { hold, decide, clock } = await openChecked()
  await hold()
  clock.nowMs += leaseMs
  expect(() => decide(expired())).not.toThrow()
})
