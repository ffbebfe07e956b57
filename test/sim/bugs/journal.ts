// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the strings below are source text.
/** Bugs in entries: credits, refunds, payouts, late claims. */
import type { PlantedBug } from '../run/plant-bug.ts'

export const journalBugs: readonly PlantedBug[] = [
  {
    name: 'reference-posts-twice',
    edits: [
      {
        file: 'test/support/memory-journal.ts',
        find: "if (standing) return { kind: 'posted_before', entry: standing }",
        replace:
          "if (standing?.entryId === entry.entryId) return { kind: 'posted_before', entry: standing }",
      },
    ],
    breaks: ['S10'],
    budget: 500,
  },
  {
    name: 'refund-limit-on-a-stale-read',
    edits: [
      {
        file: 'test/support/memory-guards.ts',
        find: 'return refunded + guard.amount <= guard.charge',
        replace: 'return guard.amount <= guard.charge',
      },
    ],
    breaks: ['S8'],
    budget: 5_000,
  },
  {
    name: 'refund-without-its-guard',
    edits: [
      {
        file: 'src/ledger/refund.ts',
        find: 'const posted = await post(deps, draft, [guard])',
        replace: 'const posted = await post(deps, draft, guard.amount < 0n ? [guard] : [])',
      },
    ],
    breaks: ['S8'],
    budget: 5_000,
  },
  {
    name: 'legs-of-a-refund-do-not-sum-to-zero',
    edits: [
      {
        file: 'src/ledger/refund.ts',
        find: "{ account: { kind: 'fees' }, amount: fromHost - amount },",
        replace: "{ account: { kind: 'fees' }, amount: -amount },",
      },
    ],
    breaks: ['S5'],
    budget: 10_000,
  },
  {
    name: 'earnings-taken-beyond-what-is-there',
    edits: [
      {
        file: 'test/support/memory-journal.ts',
        find: 'delta[name] < 0n && before[name] < -delta[name]',
        replace: 'false',
      },
    ],
    breaks: ['S13'],
    budget: 20_000,
  },
  {
    name: 'adjustment-below-zero',
    edits: [
      {
        file: 'test/support/memory-journal.ts',
        find: '(gain < 0n && wallet.available < -gain)',
        replace: 'false',
      },
    ],
    breaks: ['S1'],
    budget: 2_000,
  },
  {
    name: 'payout-not-by-its-period',
    edits: [
      {
        file: 'src/ledger/payout.ts',
        find: 'reference: `payout ${nodeId} ${period}`,',
        replace: 'reference: `payout ${nodeId} ${deps.nowMs()}`,',
      },
      {
        file: 'test/support/memory-guards.ts',
        find: 'state.payouts.get(payoutId(nodeId, period))?.state === guard.from',
        replace:
          '(guard.from === undefined || state.payouts.get(payoutId(nodeId, period))?.state === guard.from)',
      },
    ],
    breaks: ['S13'],
    budget: 20_000,
  },
  {
    name: 'late-claim-paid-once-per-ticket',
    edits: [
      {
        file: 'src/ledger/late-claim.ts',
        find: 'reference: `late claim ${claim.holdId}`,',
        replace: 'reference: `late claim ${claim.ticketHash}`,',
      },
    ],
    breaks: ['S9'],
    budget: 20_000,
  },
  {
    name: 'late-claim-above-the-hold',
    edits: [
      {
        file: 'src/ledger/late-claim.ts',
        find: 'const charge = bounded < held ? bounded : held',
        replace: 'const charge = bounded > held ? bounded : held',
      },
    ],
    breaks: ['S15'],
    budget: 5_000,
  },
  {
    name: 'escrow-not-waited-for',
    edits: [
      {
        file: 'src/ledger/payout.ts',
        find: 'claim.payableAtMs <= nowMs',
        replace: 'claim.claimedAtMs <= nowMs',
      },
    ],
    breaks: ['S15'],
    budget: 10_000,
  },
]
