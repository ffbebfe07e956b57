import { expect, test } from 'vitest'
import { reportOf } from './gateway/report.ts'
import { runGatewayLoad } from './gateway/run.ts'

test('under streams that are left, cancelled and repeated, over hosts that die, nothing is owed', async () => {
  const load = {
    seed: 7,
    streams: 20,
    durationMs: 10_000,
    processes: 2,
    hosts: 3,
    tokenDelayMs: 20,
    tokensLeast: 8,
    tokensMost: 60,
    pauseMs: 200,
    faultsEveryMs: 3_000,
    faultScale: 0.1,
    sampleEveryMs: 1_000,
  }
  const record = await runGatewayLoad(load)
  if (record === undefined) throw new Error('nobody stopped it')
  expect(record.violations).toEqual([])
  const { replies, faults, books } = reportOf(load, record)
  // A load that met nothing proves nothing.
  expect(replies.ends.done).toBeGreaterThan(5)
  expect(replies.ends.left).toBeGreaterThan(0)
  expect(replies.acts.repeat).toBeGreaterThan(0)
  expect(Object.keys(faults).length).toBeGreaterThan(1)
  expect(books.statuses.completed).toBeGreaterThan(5)
}, 180_000)
