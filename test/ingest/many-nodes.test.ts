// A hundred nodes against a real ingest over HTTP; test/load has the thousand, and an outage.
import { expect, test } from 'vitest'
import { runFleet } from '../load/run-fleet.ts'

test('of a hundred nodes that beat, none loses a beat that was acknowledged', async () => {
  const { steady, lost } = await runFleet({
    nodes: 100,
    intervalMs: 4_000,
    steadyMs: 5_000,
    outageMs: 0,
    recoveryMsMax: 0,
  })
  expect(steady.beats).toBeGreaterThanOrEqual(50)
  // A busy machine may be slow, and may say so; anything else is a fault.
  const faults = Object.keys(steady.errors).filter((code) => !/^(ingest_busy|unreach)/.test(code))
  expect(faults).toEqual([])
  expect(lost).toBe(0)
}, 60_000)
