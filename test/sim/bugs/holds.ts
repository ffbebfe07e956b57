/** Bugs in taking and ending holds. */
import type { PlantedBug } from '../run/plant-bug.ts'

export const holdBugs: readonly PlantedBug[] = [
  {
    name: 'settle-ignores-nonce',
    edits: [
      {
        file: 'test/support/memory-holds.ts',
        find: 'wallet.holds.get(holdId)?.nonce !== hold.nonce',
        replace: '!wallet.holds.has(holdId)',
      },
    ],
    breaks: ['S4', 'S7', 'S3'],
    budget: 20_000,
  },
  {
    name: 'one-nonce-for-all-tries',
    edits: [
      {
        file: 'src/ledger/reserve.ts',
        find: 'tries.push(hold)',
        replace:
          'if (tries[0]) Object.assign(hold, { nonce: tries[0].nonce })\n    tries.push(hold)',
      },
    ],
    breaks: ['S4'],
    budget: 2_000,
  },
  {
    name: 'twin-pays-the-decided-charge',
    edits: [
      {
        file: 'src/ledger/finish.ts',
        find: 'decision.nonce !== undefined && decision.nonce !== hold.nonce',
        replace: 'false',
      },
    ],
    breaks: ['S7', 'S6'],
    budget: 2_000,
  },
  {
    name: 'gateway-settles-before-deciding',
    edits: [
      {
        file: 'src/ledger/finish.ts',
        find: 'const outcome = await resolveUnknown(() => deps.store.decide(intended), deps.sleep)',
        replace: `await applyDecision(deps, hold, intended)
      const outcome = await resolveUnknown(() => deps.store.decide(intended), deps.sleep)`,
      },
    ],
    breaks: ['S4'],
    budget: 500,
  },
  {
    name: 'sweeper-releases-before-deciding',
    edits: [
      {
        file: 'src/ledger/sweep.ts',
        find: 'const finished = await finishHold(',
        replace: `const { accountId } = wallet
        await deps.store.settle({ accountId, holdId, hold, charge: 0n, returns: [] })
        const finished = await finishHold(`,
      },
    ],
    breaks: ['S4', 'S7'],
    budget: 1_000,
  },
  {
    name: 'unknown-decision-taken-for-none',
    edits: [
      {
        file: 'src/ledger/finish.ts',
        find: "return { kind: 'unavailable' }",
        replace: `await applyDecision(deps, hold, { ...intended, charge: 0n })
      return { kind: 'unavailable' }`,
      },
    ],
    breaks: ['S4', 'S7'],
    budget: 3_000,
  },
  {
    name: 'late-gateway-charges-all-the-same',
    edits: [
      {
        file: 'src/ledger/finish.ts',
        find: 'const isSettled = await applyDecision(deps, hold, decision)',
        replace: 'const isSettled = await applyDecision(deps, hold, intended)',
      },
    ],
    breaks: ['S7', 'S4'],
    budget: 5_000,
  },
  {
    name: 'decision-overwritten',
    edits: [
      {
        file: 'test/support/memory-holds.ts',
        find: "if (before) return { kind: 'decided_before', decision: before }",
        replace:
          "if (before?.charge === decision.charge) return { kind: 'decided_before', decision: before }",
      },
    ],
    breaks: ['S4'],
    budget: 5_000,
  },
  {
    name: 'told-what-was-meant-instead-of-what-stands',
    edits: [
      {
        file: 'src/gateway/settle-request.ts',
        find: 'const standing = finished.decision.receipt',
        replace: 'const standing = receipt',
      },
    ],
    breaks: ['S7'],
    budget: 5_000,
  },
  {
    name: 'charge-and-balance-apart',
    edits: [
      {
        file: 'test/support/memory-holds.ts',
        find: 'available: wallet.available + hold.amount - charge,',
        replace: 'available: wallet.available + hold.amount,',
      },
    ],
    breaks: ['S2'],
    budget: 500,
  },
  {
    name: 'charge-above-the-hold',
    edits: [
      {
        file: 'src/metering/usage-truth.ts',
        find: 'completion: Math.min(counts.completion, bounds.completion),',
        replace: 'completion: counts.completion,',
      },
    ],
    breaks: ['S6'],
    budget: 2_000,
  },
  {
    name: 'both-shares-rounded-down',
    edits: [
      {
        file: 'src/money/price.ts',
        find: 'fee: charge - hostShare }',
        replace: 'fee: (charge * (basisPoints - BigInt(hostShareBps))) / basisPoints }',
      },
    ],
    breaks: ['S12'],
    budget: 2_000,
  },
  {
    name: 'cached-tokens-charged-twice',
    edits: [
      {
        file: 'src/money/price.ts',
        find: 'return (numerator + tokensPerMTok - 1n) / tokensPerMTok',
        replace: 'return numerator / tokensPerMTok + 1n',
      },
    ],
    breaks: ['S11', 'S6'],
    budget: 500,
  },
]
