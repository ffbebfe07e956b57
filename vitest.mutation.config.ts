// The tests that mutation testing runs for every mutant: those of money and ledger that need no
// database engine and take no time.
import { defineConfig } from 'vitest/config'

const ledgerTests = [
  ...['accrue', 'adjust', 'charge', 'claim-refusal', 'counter-returns', 'counters', 'credit'],
  ...['earnings', 'finish-in-memory', 'journal', 'late-claim', 'payout', 'post', 'refund'],
  ...['repair-in-memory', 'reserve-in-memory', 'retry', 'states', 'sweep-in-memory'],
  ...['wallet', 'wallet-details'],
]

export default defineConfig({
  test: {
    include: [
      'test/money/*.test.ts',
      ...ledgerTests.map((name) => `test/ledger/${name}.test.ts`),
      'test/model/ledger-model.test.ts',
    ],
    // The model test in short: whatever the other tests leave alive has to pass this one as well.
    env: { MODEL_RUNS: '60', MODEL_SHRINK: 'no' },
    testTimeout: 20_000,
    maxWorkers: 1,
  },
})
