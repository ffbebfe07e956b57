// The checker itself: sound facts pass, and unsound ones break the promise that they should.
import { describe, expect, test } from 'vitest'
import type { Leg } from '../../../src/ledger/journal.ts'
import { Violation } from '../engine/violation.ts'
import { noteClaimed, noteToldReceipt } from './answers.ts'
import {
  type Act,
  accountId,
  charged,
  customer,
  decisionOf,
  dispatch,
  entryOf,
  expired,
  holdId,
  host,
  laterHoldId,
  leaseMs,
  move,
  nodeId,
  noteEntry,
  openChecked,
  reservationOf,
  startMs,
  tamper,
} from './checked-ledger.ts'
import { checkEnding, checkLiveness, checkRefused } from './ending.ts'
import { accountOf } from './record.ts'

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
      async (checked) => {
        tamper(checked, -1_000_005n, 0n)
        const legs = move('wash', customer, 1n)
        noteEntry(checked.context, entryOf('top_up', 'credit 2', '', legs))
      },
    ],
  ],
  S2: [
    [
      'money that came from nowhere',
      async (checked) => {
        tamper(checked, 7n, 0n)
        await checked.hold()
      },
    ],
  ],
  S3: [
    [
      'held money without a hold',
      async (checked) => {
        tamper(checked, -7n, 7n)
        await checked.hold()
      },
    ],
  ],
  S4: [
    [
      'a hold that ends undecided',
      async ({ hold, settle }) => {
        await hold()
        await settle(0n)
      },
    ],
    [
      'a second decision',
      async (checked) => {
        await charged(checked)
        checked.decide(expired())
      },
    ],
    ['a decision about no hold', async ({ decide }) => decide(expired())],
    [
      'the same nonce taken again',
      async (checked) => {
        await charged(checked)
        await checked.hold()
      },
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
      async ({ hold, decide }) => {
        await hold()
        decide(decisionOf(999))
      },
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
      async ({ hold, decide }) => {
        await hold()
        decide(decisionOf(100, { charge: 100_301n }))
      },
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
      async (checked) => {
        await charged(checked)
        checkEnding(checked.context)
      },
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
      async ({ hold, context }) => {
        await hold()
        checkLiveness(context)
      },
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
