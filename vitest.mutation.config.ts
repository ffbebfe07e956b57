// The tests that mutation testing repeats for every mutant: those of money and ledger that need no
// database engine.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/money/*.test.ts'],
    testTimeout: 20_000,
    maxWorkers: 1,
  },
})
