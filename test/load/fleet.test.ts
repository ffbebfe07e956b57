import { expect, test } from 'vitest'
import { runFleet } from './run-fleet.ts'

test('after an outage of ingest the herd comes back spread out, and whole', async () => {
  const nodes = 100
  const { recovery, lost } = await runFleet({
    nodes,
    intervalMs: 4_000,
    steadyMs: 5_000,
    outageMs: 5_000,
    recoveryMsMax: 60_000,
  })
  expect(recovery?.allHeardAfterMs).toBeLessThan(60_000)
  expect(recovery?.peakPerSecond).toBeLessThan(nodes)
  expect(lost).toBe(0)
}, 120_000)
