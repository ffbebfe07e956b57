import { defineConfig } from 'vitest/config'
import { SlowestFirst } from './test/support/slowest-first.ts'

/** Exhaustive, and minutes long: `npm run test:deep`. `npm test` has the quick ones of each kind. */
const deep = [
  'test/faults/lost-tries.test.ts',
  'test/faults/refused-tries.test.ts',
  'test/faults/no-reply.test.ts',
  'test/contract/dynamodb-local.test.ts',
  'test/contract/differential.test.ts',
  'test/model/ledger-model.test.ts',
  'test/model/small-scope.test.ts',
  'test/apps/local/engine/spot-checks.test.ts',
  'test/load/**/*.test.ts',
]

export default defineConfig({
  test: {
    // Nobody collects them here.
    env: { B3IQ_METRICS_DISABLED: 'true' },
    sequence: { sequencer: SlowestFirst },
    testTimeout: 20_000,
    hookTimeout: 120_000,
    reporters: [
      'default',
      ['json', { outputFile: process.env.TEST_REPORT ?? 'test-results/vitest.json' }],
    ],
    projects: [
      {
        extends: true,
        test: {
          name: 'parts',
          isolate: false,
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**', 'test/hosts/**', 'test/interop/**', ...deep],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Each of these starts the whole product: two at once, and with nothing else beside them.
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'deep',
          include: deep,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        // Whole hosts against the whole product, with the real times of a fleet: minutes of waiting, so three at once.
        extends: true,
        test: {
          name: 'hosts',
          include: ['test/hosts/**/*.test.ts'],
          maxWorkers: 3,
          sequence: { groupOrder: 3 },
        },
      },
      {
        // Other people's programs against the whole product, where the machine has what they run on.
        extends: true,
        test: {
          name: 'interop',
          include: ['test/interop/**/*.test.ts'],
          maxWorkers: 2,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
})
