/** Writes about benchmarks: the lease and record of runs, and live speeds. */
import type { Database } from '../../src/adapters/dynamodb/client.ts'
import { makeFleetStore } from '../../src/adapters/dynamodb/fleet-store.ts'
import { makeJoinCodeStore } from '../../src/adapters/dynamodb/join-code-store.ts'
import type { BenchmarkRuns, LiveSpeed } from '../../src/fleet/node.ts'
import { aHostFacts, aJoinCode, aNode, aProfile, nowMs } from '../adapters/dynamodb/facts.ts'
import type { WriteCase } from './write-case.ts'

const node = aNode()
const { nodeId } = node
const code = aJoinCode()
const profile = aProfile(nodeId, { profileId: 'p1' })

const profiled = async (database: Database) => {
  await makeJoinCodeStore(database).putJoinCode(code)
  const fleet = makeFleetStore(database)
  await fleet.enrolNode(node, code.codeHash)
  await fleet.writeProfiles(nodeId, [profile], { basis: 'basis', hostFacts: aHostFacts })
}

const begun: BenchmarkRuns = {
  startedAtMs: [nowMs],
  triedAtMs: nowMs,
  leaseUntilMs: nowMs + 60_000,
}
const ended: BenchmarkRuns = { ...begun, leaseUntilMs: 0 }
const speed = (folds: number): LiveSpeed => ({
  benchmarkId: 'bench-1',
  requests: folds,
  tokensPerSecondP50: 50.5,
  histogram: { counts: [folds], pages: [`page ${folds}`], folds },
})

const runs = (from: BenchmarkRuns | undefined, to: BenchmarkRuns) => (database: Database) =>
  makeFleetStore(database).changeBenchmarkRuns(profile, { from, to })
const speeds = (from: LiveSpeed | undefined, to: LiveSpeed) => (database: Database) =>
  makeFleetStore(database).changeLiveSpeed(profile, { from, to })

const after =
  (...writes: readonly ((database: Database) => Promise<unknown>)[]) =>
  async (database: Database) => {
    await profiled(database)
    for (const write of writes) await write(database)
  }

const file = 'fleet-profiles'
const runsCase = { file, method: 'changeBenchmarkRuns' }
const speedCase = { file, method: 'changeLiveSpeed' }

export const benchmarkCases: readonly WriteCase[] = [
  { ...runsCase, as: 'the first', given: profiled, write: runs(undefined, begun) },
  {
    ...runsCase,
    as: 'that was begun elsewhere',
    given: after(runs(undefined, begun)),
    write: runs(undefined, { ...begun, triedAtMs: nowMs + 1 }),
  },
  { ...runsCase, as: 'its end', given: after(runs(undefined, begun)), write: runs(begun, ended) },
  { ...runsCase, as: 'of no profile', write: runs(undefined, begun) },
  { ...speedCase, as: 'the first', given: profiled, write: speeds(undefined, speed(1)) },
  {
    ...speedCase,
    as: 'the next',
    given: after(speeds(undefined, speed(1))),
    write: speeds(speed(1), speed(2)),
  },
  {
    ...speedCase,
    as: 'that was folded elsewhere',
    given: after(speeds(undefined, speed(1)), speeds(speed(1), speed(2))),
    write: speeds(speed(1), speed(2)),
  },
]
