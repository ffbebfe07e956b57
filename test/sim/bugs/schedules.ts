/** Bugs in what runs by itself: sweeping, closing, accruing. */
import type { PlantedBug } from '../run/plant-bug.ts'

export const scheduleBugs: readonly PlantedBug[] = [
  {
    name: 'sweeper-without-grace',
    edits: [
      {
        file: 'src/ledger/sweep.ts',
        find: 'return expiresAtSec * 1000 <= nowMs() - graceMs',
        replace: 'return expiresAtSec * 1000 <= nowMs()',
      },
    ],
    breaks: ['T1'],
    budget: 20_000,
  },
  {
    name: 'sweeper-trusts-any-clock',
    edits: [
      {
        file: 'src/ledger/sweep.ts',
        find: 'return serverMs === undefined || Math.abs(serverMs - nowMs()) <= clockErrorMsMax',
        replace: 'return true',
      },
    ],
    breaks: ['T1'],
    budget: 3_000,
  },
  {
    name: 'index-left-with-a-hold-open',
    edits: [
      {
        file: 'test/support/memory-wallets.ts',
        find: 'if (to === undefined && wallet.holds.size > 0) return false',
        replace: '',
      },
    ],
    breaks: ['L1'],
    budget: 20_000,
  },
  {
    name: 'closing-ignored',
    edits: [
      {
        file: 'test/support/memory-holds.ts',
        find: '(wallet.closedBefore === undefined || wallet.closedBefore < holdId) &&',
        replace: '',
      },
    ],
    breaks: ['S13'],
    budget: 10_000,
  },
  {
    name: 'accrual-passes-open-holds',
    edits: [
      {
        file: 'src/ledger/accrue.ts',
        find: 'const end = [...wallet.holds.keys(), before].reduce((one, other) => (one < other ? one : other))',
        replace: 'const end = before',
      },
    ],
    breaks: ['S13'],
    budget: 2_000,
  },
  {
    name: 'accrual-cursor-not-compared',
    edits: [
      {
        file: 'test/support/memory-guards.ts',
        find: 'state.books.get(guard.to.accountId)?.through === guard.from?.through',
        replace: 'true',
      },
    ],
    breaks: ['S13'],
    budget: 20_000,
  },
  {
    name: 'grants-used-up-anew-with-each-page',
    edits: [
      {
        file: 'src/ledger/accrue.ts',
        find: 'grantsLeft: at.granted - (at.book?.grantsUsed ?? 0n)',
        replace: 'grantsLeft: at.granted',
      },
    ],
    breaks: ['S13'],
    budget: 3_000,
  },
  {
    name: 'own-traffic-earns',
    edits: [
      {
        file: 'src/ledger/accrue.ts',
        find: '&& !terms.isOwn(nodeId)',
        replace: '',
      },
    ],
    breaks: ['S13'],
    budget: 2_000,
  },
]
