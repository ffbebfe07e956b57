// What the suite `fleet` measures in time, held here by what can be counted: a pass reads each node
// once, writes each shard once, and keeps nothing of the fleet.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { makeCannedTable } from '../../bench/suites/fleet/canned-table.ts'
import {
  benchModels,
  benchNowMs,
  generatedRows,
  profilesPerNode,
} from '../../bench/suites/fleet/generated-fleet.ts'
import { makeFleetReads } from '../../src/adapters/dynamodb/fleet-rows.ts'
import { fleetBuckets } from '../../src/adapters/dynamodb/items/fleet-keys.ts'
import { shardBytesMax } from '../../src/adapters/dynamodb/items/pool-item.ts'
import type { FleetRow } from '../../src/fleet/pool.ts'
import { recomputeEligibility } from '../../src/schedules/recompute-eligibility.ts'
import { makeMemoryPool } from '../support/memory-pool.ts'

setFlagsFromString('--expose-gc')
const collect: unknown = runInNewContext('gc')

const liveMb = (): number => {
  if (typeof collect === 'function') collect()
  return process.memoryUsage().heapUsed / 1024 / 1024
}

async function pass(rows: () => AsyncIterable<FleetRow>) {
  const pool = makeMemoryPool({ keeps: false })
  const report = await recomputeEligibility({
    nowMs: () => benchNowMs,
    catalogue: { listModels: async () => benchModels },
    fleet: { rows, readFleetState: async () => ({ activeNodes: 0, grace: undefined }) },
    pool,
  })
  return { report, written: pool.written, catalogue: pool.catalogue() }
}

describe('a pass over a fleet', () => {
  test.each([700, 3_500])('of %i nodes writes each shard once, nearly full', async (nodes) => {
    const { report, written, catalogue } = await pass(() => generatedRows(nodes))
    const eligible = (nodes - nodes / 7) * profilesPerNode
    expect(report).toEqual({
      profiles: nodes * profilesPerNode,
      eligible,
      nodesFresh: nodes - nodes / 7,
      isIdle: false,
    })
    const perModel = eligible / benchModels.length
    expect(written.shards).toBe(benchModels.length * Math.ceil(perModel / 28))
    expect(written.heads).toBe(benchModels.length)
    expect(written.bytesMax).toBeLessThanOrEqual(0.75 * shardBytesMax)
    const listed = catalogue?.models.map(({ eligibleHosts }) => eligibleHosts) ?? []
    expect(listed).toEqual(benchModels.map(() => perModel))
  })

  test('of 10,000 nodes keeps nothing of those that went by', async () => {
    const seenMb: number[] = []
    const rows = async function* () {
      let seen = 0
      for await (const row of generatedRows(10_000)) {
        if (seen % 1_000 === 0) seenMb.push(liveMb())
        seen += 1
        yield row
      }
    }
    await pass(rows)
    // The open shards and counts of every model are there after the first thousand.
    const [, first = 0, ...later] = seenMb
    expect(later).toHaveLength(8)
    // Their candidates alone would be more than 10 MB.
    expect(Math.max(...later) - first).toBeLessThan(3)
  })

  test('reads its partitions page by page, each once', async () => {
    const nodesPerPage = 20
    const nodes = 3 * fleetBuckets * nodesPerPage
    const table = makeCannedTable(nodes, nodesPerPage)
    const { report } = await pass(makeFleetReads(table).rows)
    expect(report.profiles).toBe(nodes * profilesPerNode)
    expect(table.queries()).toBe(3 * fleetBuckets)
  })
})
