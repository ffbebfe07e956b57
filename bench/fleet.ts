/**
 * What the fleet costs at scale, in time of one core: `node --expose-gc bench/fleet.ts`. The first
 * table has the pass alone, over rows that are made as it asks for them; the second reads them as
 * well, through the database client; the third is the router's choice.
 */
import { makeFleetReads } from '../src/adapters/dynamodb/fleet-rows.ts'
import { candidateWith, type FleetRow } from '../src/fleet/pool.ts'
import { sha256Hex } from '../src/protocol/canonical.ts'
import { choose } from '../src/routing/choose.ts'
import { openPolicy } from '../src/routing/policy.ts'
import { recomputeEligibility } from '../src/schedules/recompute-eligibility.ts'
import { makeMemoryPool } from '../test/support/memory-pool.ts'
import { makeCannedTable } from './canned-table.ts'
import {
  benchModels,
  benchNowMs,
  generatedRow,
  generatedRows,
  profilesPerNode,
} from './generated-fleet.ts'

/** Of the whole process: other processes on the machine do not count. */
async function coreSeconds(work: () => unknown): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

const heapMb = (): number => {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed / 1024 / 1024
}

const round = (value: number, digits: number) => Number(value.toFixed(digits))

const noPool = () => makeMemoryPool({ keeps: false })

const passOver = (rows: () => AsyncIterable<FleetRow>, pool = noPool()) =>
  recomputeEligibility({
    nowMs: () => benchNowMs,
    catalogue: { listModels: async () => benchModels },
    fleet: { rows, readFleetState: async () => ({ activeNodes: 0, grace: undefined }) },
    pool,
  })

async function pass(profiles: number) {
  const nodes = profiles / profilesPerNode
  const making = await coreSeconds(async () => {
    for await (const _ of generatedRows(nodes));
  })
  const pool = noPool()
  const before = heapMb()
  let peak = before
  const watched = async function* () {
    let seen = 0
    for await (const row of generatedRows(nodes)) {
      seen += 1
      if (seen % 5_000 === 0) peak = Math.max(peak, heapMb())
      yield row
    }
  }
  const took = await coreSeconds(() => passOver(watched, pool))
  const { shards, bytes, bytesMax } = pool.written
  return {
    profiles,
    'core, s': round(took - making, 2),
    'µs a profile': round(((took - making) * 1e6) / profiles, 1),
    shards,
    'bytes a shard': Math.round(bytes / shards),
    'largest shard': bytesMax,
    'heap growth, MB': round(peak - before, 1),
  }
}

async function readingPass(profiles: number) {
  const table = makeCannedTable(profiles / profilesPerNode)
  const { rows } = makeFleetReads(table)
  let judged = 0
  const took = await coreSeconds(async () => {
    judged = (await passOver(rows)).profiles
  })
  return {
    profiles: judged,
    'core, s': round(took, 2),
    'µs a profile': round((took * 1e6) / judged, 1),
    'pages read': table.queries(),
  }
}

async function choosing(size: number) {
  const [model] = benchModels
  if (!model) throw new Error('a model')
  const pool = Array.from({ length: size }, (_, index) => candidateOf(generatedRow(index)))
  const draw = { affinity: sha256Hex('a conversation'), random: Math.random }
  const runs = 1_000
  const run = () => {
    for (let at = 0; at < runs; at += 1) choose(model, pool, openPolicy, draw)
  }
  run()
  return { candidates: size, 'choice, ms': round(((await coreSeconds(run)) * 1000) / runs, 3) }
}

function candidateOf({ node, profiles: [profile] }: FleetRow) {
  if (!profile?.benchmark) throw new Error('a profile')
  return candidateWith(node, profile, profile.benchmark)
}

// Once beforehand, so that no table has the time in which the code was compiled.
await pass(4_000)
console.table([await pass(1_000), await pass(10_000), await pass(100_000)])
await readingPass(4_000)
console.table([await readingPass(10_000), await readingPass(100_000)])
console.table([await choosing(32), await choosing(1_000)])
