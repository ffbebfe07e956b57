/** One pass of the eligibility schedule over a fleet of so many profiles. */
import { makeFleetReads } from '../../../src/adapters/dynamodb/fleet-rows.ts'
import type { FleetRow } from '../../../src/fleet/pool.ts'
import { recomputeEligibility } from '../../../src/schedules/recompute-eligibility.ts'
import { makeMemoryPool } from '../../../test/support/memory-pool.ts'
import { coreSec, coreSecEach, liveHeapMb } from '../../harness/core-time.ts'
import { makeCannedTable } from './canned-table.ts'
import { benchModels, benchNowMs, generatedRow, profilesPerNode } from './generated-fleet.ts'

export type RecomputeCost = {
  readonly profiles: number
  /** Of the judgement and the writing alone. */
  readonly judgedSec: number
  readonly readAndJudgedSec: number
  readonly pagesRead: number
  readonly shardsWritten: number
  /** The most that was live at once, above what was live before. */
  readonly heapGrowthMb: number
}

/** Made beforehand; a larger fleet is these over and over. */
const rowsMade = 1_000
const heapSamples = 10
/** What looking at the heap costs is lost in a pass that takes longer than this. */
const longSec = 5

/** Compiled before it returns, so that no size has the time which that took. */
export async function makeRecomputes(): Promise<(profiles: number) => Promise<RecomputeCost>> {
  const made = Array.from({ length: rowsMade }, (_, index) => generatedRow(index))
  const rowsOf = (nodes: number) =>
    async function* (): AsyncGenerator<FleetRow> {
      for (let at = 0; at < nodes; at += 1) {
        const row = made[at % rowsMade]
        if (row) yield row
      }
    }

  const measure = async (profiles: number): Promise<RecomputeCost> => {
    const nodes = profiles / profilesPerNode
    const judgedSec = await coreSecEach(() => pass(rowsOf(nodes)), { warmUps: 0 })
    const table = makeCannedTable(nodes)
    const { rows } = makeFleetReads(table)
    const watched = watch(rows, Math.ceil(nodes / heapSamples))
    const pool = makeMemoryPool({ keeps: false })
    let judged = 0
    const watchedSec = await coreSec(async () => {
      judged = (await pass(watched.rows, pool)).profiles
    })
    if (judged !== profiles) throw new Error(`${judged} profiles were judged, of ${profiles}`)
    const pagesRead = table.queries()
    return {
      profiles,
      judgedSec,
      readAndJudgedSec:
        watchedSec > longSec ? watchedSec : await coreSecEach(() => pass(rows), { warmUps: 0 }),
      pagesRead,
      shardsWritten: pool.written.shards,
      heapGrowthMb: watched.growthMb(),
    }
  }
  await measure(rowsMade * profilesPerNode)
  return measure
}

const pass = (rows: () => AsyncIterable<FleetRow>, pool = makeMemoryPool({ keeps: false })) =>
  recomputeEligibility({
    nowMs: () => benchNowMs,
    catalogue: { listModels: async () => benchModels },
    fleet: { rows, readFleetState: async () => ({ activeNodes: 0, grace: undefined }) },
    pool,
  })

/** Looks at the heap every so many rows. */
function watch(rows: () => AsyncIterable<FleetRow>, everyRows: number) {
  const before = liveHeapMb()
  let most = before
  return {
    growthMb: () => most - before,
    rows: async function* (): AsyncGenerator<FleetRow> {
      let seen = 0
      for await (const row of rows()) {
        seen += 1
        if (seen % everyRows === 0) most = Math.max(most, liveHeapMb())
        yield row
      }
    },
  }
}
