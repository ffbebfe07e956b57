import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Liveness } from '../../src/fleet/node.ts'
import { expireHeartbeats } from '../../src/schedules/expire-heartbeats.ts'
import { aBeat } from '../adapters/dynamodb/facts.ts'
import { type EnrolledFleet, startEnrolledFleet } from '../support/enrolled-fleet.ts'

let bench: EnrolledFleet
beforeEach(async () => {
  bench = await startEnrolledFleet()
})
afterEach(() => bench.stop())

const run = (laterMs: number) =>
  expireHeartbeats({ fleet: bench.fleet, nowMs: () => Date.now() + laterMs })
const livenessOf = async (nodeId: string): Promise<Liveness | undefined> =>
  (await bench.fleet.readRow(nodeId))?.hot?.liveness

test('a node is recorded stale after 60 s and offline after 150 s', async () => {
  const { nodeId } = await bench.enrol()
  await bench.enrol({ beat: 'none', probe: 'none' })
  expect(await run(0)).toEqual({ never: 1, fresh: 1, stale: 0, offline: 0 })
  expect(await livenessOf(nodeId)).toBe('fresh')
  expect(await run(61_000)).toEqual({ never: 1, fresh: 0, stale: 1, offline: 0 })
  expect(await livenessOf(nodeId)).toBe('stale')
  expect(await run(151_000)).toEqual({ never: 1, fresh: 0, stale: 0, offline: 1 })
  expect(await livenessOf(nodeId)).toBe('offline')
})

test('a second run changes nothing', async () => {
  await bench.enrol()
  const first = await run(61_000)
  let writes = 0
  const fleet = {
    rows: bench.fleet.rows,
    recordLiveness: async () => {
      writes += 1
      return true
    },
  }
  expect(await expireHeartbeats({ fleet, nowMs: () => Date.now() + 61_000 })).toEqual(first)
  expect(writes).toBe(0)
})

test('a beat that arrives while the run looks is the newer truth', async () => {
  const { nodeId } = await bench.enrol()
  const later = Date.now() + 70_000
  const outcomes: boolean[] = []
  const racing = {
    async *rows() {
      for await (const row of bench.fleet.rows()) {
        await bench.fleet.recordBeat(aBeat(nodeId, { seq: later, beatAtMs: later }))
        yield row
      }
    },
    recordLiveness: async (change: Parameters<typeof bench.fleet.recordLiveness>[0]) => {
      const isRecorded = await bench.fleet.recordLiveness(change)
      outcomes.push(isRecorded)
      return isRecorded
    },
  }
  await expireHeartbeats({ fleet: racing, nowMs: () => later })
  expect(outcomes).toEqual([false])
  expect(await livenessOf(nodeId)).toBe('fresh')
})
