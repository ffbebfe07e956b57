/** Bugs in caps, counters and idempotency. */
import type { PlantedBug } from '../run/plant-bug.ts'

export const limitBugs: readonly PlantedBug[] = [
  {
    name: 'cap-compared-without-the-hold',
    edits: [
      {
        file: 'test/support/memory-holds.ts',
        find: 'value <= cap - add',
        replace: 'value <= cap',
      },
    ],
    breaks: ['S14'],
    budget: 1_000,
  },
  {
    name: 'counters-not-returned',
    edits: [
      {
        file: 'src/ledger/finish.ts',
        find: 'charge: due.charge, returns }',
        replace: 'charge: due.charge, returns: [] }',
      },
    ],
    breaks: ['S14'],
    budget: 500,
  },
  {
    name: 'counters-returned-twice',
    edits: [
      {
        file: 'test/support/memory-holds.ts',
        find: '(counters.get(name) ?? back) - back',
        replace: '(counters.get(name) ?? back) - 2n * back',
      },
    ],
    breaks: ['S14'],
    budget: 500,
  },
  {
    name: 'counters-of-the-day-of-settlement',
    edits: [
      {
        file: 'src/ledger/counters.ts',
        find: 'const named = (prefix: string, period: Period) => nameOf(prefix, keyOrdinal, period, at.heldAtMs)',
        replace:
          'const named = (prefix: string, period: Period) => nameOf(prefix, keyOrdinal, period, at.nowMs)',
      },
    ],
    breaks: ['S14'],
    budget: 5_000,
  },
  {
    name: 'minute-counters-dropped-early',
    edits: [
      {
        file: 'src/ledger/counters.ts',
        find: 'const minutesTakenAlong = [4, 5, 6, 7]',
        replace: 'const minutesTakenAlong = [1, 2, 3, 4]',
      },
    ],
    breaks: ['S14'],
    budget: 20_000,
  },
  {
    name: 'counters-dropped-without-closing',
    edits: [
      {
        file: 'test/support/memory-wallets.ts',
        find: 'changeWallet(state, wallet, { counters, closedBefore })',
        replace: 'changeWallet(state, wallet, { counters })',
      },
    ],
    breaks: ['S14'],
    budget: 2_000,
  },
  {
    name: 'next-host-dialled-while-the-one-before-signs',
    edits: [
      {
        file: 'src/gateway/try-hosts.ts',
        find: 'if (stop.reason() !== undefined) break',
        replace: 'if (stop.signal.aborted) break',
      },
    ],
    breaks: ['deadline'],
    budget: 20_000,
  },
  {
    name: 'host-dialled-after-the-deadline',
    edits: [
      {
        file: 'src/gateway/stop.ts',
        find: "if (leftMs <= 0) stopFor('deadline')",
        replace: "if (leftMs < -deps.deadlineMs * 1e9) stopFor('deadline')",
      },
    ],
    breaks: ['deadline'],
    budget: 2_000,
  },
  {
    name: 'revocation-not-on-the-wallet',
    edits: [
      {
        file: 'test/support/memory-holds.ts',
        find: '!wallet.revokedKeyOrdinals.has(keyOrdinal) &&',
        replace: '',
      },
    ],
    breaks: ['stop'],
    budget: 1_000,
  },
  {
    name: 'claim-apart-from-the-hold',
    edits: [
      {
        file: 'test/support/memory-holds.ts',
        find: 'if (!isHeld || refusing) {',
        replace: 'if (!isHeld) {',
      },
    ],
    breaks: ['S10'],
    budget: 500,
  },
  {
    name: 'claim-free-while-undecided',
    edits: [
      {
        file: 'src/ledger/idempotency.ts',
        find: 'if (!decision) return false',
        replace: 'if (!decision) return true',
      },
    ],
    breaks: ['S10'],
    budget: 500,
  },
  {
    name: 'claim-free-after-a-partial-charge',
    edits: [
      {
        file: 'src/ledger/idempotency.ts',
        find: "return decision.charge === 0n && decision.receipt.body.result.status !== 'completed'",
        replace: "return decision.receipt.body.result.status !== 'completed'",
      },
    ],
    breaks: ['S10'],
    budget: 3_000,
  },
]
