/** What CloudWatch reads off the log, from a process of its own: the lines go past any console. */
import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

function linesOf(env: Readonly<Record<string, string>>): string[] {
  const adapter = new URL('../../src/adapters/metrics.ts', import.meta.url).href
  const script = `const { makePoolMetrics, makeReconcileMetrics } = await import(${JSON.stringify(adapter)})
    const metrics = makeReconcileMetrics('dev')
    metrics.publish({ discrepancies: 2, accounts: 7 })
    metrics.publish({ discrepancies: 0, accounts: 9 })
    makePoolMetrics('dev').publishAge(17.5)`
  const run = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { env })
  expect(run.stderr.toString()).toBe('')
  return run.stdout
    .toString()
    .split('\n')
    .filter((line) => line !== '')
}

test('every run is one line with the stage as its only dimension', () => {
  const lines = linesOf({}).map((line) => JSON.parse(line))
  expect(lines).toMatchObject([
    { stage: 'dev', LedgerDiscrepancies: 2, AccountsReconciled: 7 },
    { stage: 'dev', LedgerDiscrepancies: 0, AccountsReconciled: 9 },
    { stage: 'dev', PoolAgeSeconds: 17.5 },
  ])
  const [{ _aws: aws }, , { _aws: ofPools }] = lines
  expect(aws.CloudWatchMetrics).toEqual([
    {
      Namespace: 'B3IQ',
      Dimensions: [['stage']],
      Metrics: [
        { Name: 'LedgerDiscrepancies', Unit: 'Count' },
        { Name: 'AccountsReconciled', Unit: 'Count' },
      ],
    },
  ])
  expect(ofPools.CloudWatchMetrics).toEqual([
    {
      Namespace: 'B3IQ',
      Dimensions: [['stage']],
      Metrics: [{ Name: 'PoolAgeSeconds', Unit: 'Seconds' }],
    },
  ])
})

test('there is none where the switch of the laptop is set', () => {
  expect(linesOf({ POWERTOOLS_METRICS_DISABLED: 'true' })).toEqual([])
})
