/**
 * Mutation testing of the code that decides about money: the tests must fail for every change of it
 * that changes what it does. Run on demand with `npm run mutation`; docs/ledger.md has the results.
 *
 * @type {import('@stryker-mutator/api/core').PartialStrykerOptions}
 */
export default {
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'vitest.mutation.config.ts' },
  // Not the reconciler beneath it: that reads what is stored, and is tested over a database engine.
  mutate: ['src/money/*.ts', 'src/ledger/*.ts', '!src/ledger/*ports.ts'],
  ignorePatterns: ['/apps', '/cdk.out', '/docs', '/functions', '/infra', '/test-results'],
  coverageAnalysis: 'perTest',
  // Types are stripped and never compiled: there is no configuration to rewrite for the sandbox.
  tsconfigFile: 'none',
  concurrency: 2,
  timeoutMS: 10_000,
  tempDirName: '.stryker/sandbox',
  reporters: ['clear-text', 'html', 'json', 'progress-append-only'],
  htmlReporter: { fileName: '.stryker/mutation.html' },
  jsonReporter: { fileName: '.stryker/mutation.json' },
}
