/** Writes of spot checks: references, samplings with their facts, the run, the platform's account. */
import type { Database } from '../../src/adapters/dynamodb/client.ts'
import { makeFleetStore } from '../../src/adapters/dynamodb/fleet-store.ts'
import { makeJoinCodeStore } from '../../src/adapters/dynamodb/join-code-store.ts'
import { makeSpotCheckStore } from '../../src/adapters/dynamodb/spot-check-store.ts'
import type { SpotCheckStore } from '../../src/spot-checks/ports.ts'
import { aHostFacts, aJoinCode, aNode, aProfile, nowMs } from '../adapters/dynamodb/facts.ts'
import { aReference, aSampling } from '../spot-checks/facts.ts'
import type { WriteCase } from './write-case.ts'

const node = aNode({ status: 'active' })
const successor = { ...aNode(), predecessorId: node.nodeId }
const at = { nodeId: node.nodeId, profileId: 'p1' }
const fact = {
  passed: 3,
  failed: 1,
  failures: [{ atMs: nowMs, promptId: 'a' }],
  condemned: undefined,
}
const run = { holder: 'one', nowMs, untilMs: nowMs + 1 }

const spotCheckCase = (
  method: keyof SpotCheckStore,
  shape: Pick<WriteCase, 'as' | 'given'>,
  write: (store: SpotCheckStore) => Promise<unknown>,
): WriteCase => ({
  file: 'spot-check-store',
  method,
  ...shape,
  write: (database) => write(makeSpotCheckStore(database)),
})

const profiled = async (database: Database) => {
  const code = aJoinCode()
  await makeJoinCodeStore(database).putJoinCode(code)
  const fleet = makeFleetStore(database)
  await fleet.enrolNode(node, code.codeHash)
  const from = { basis: 'basis', hostFacts: aHostFacts }
  await fleet.writeProfiles(node.nodeId, [aProfile(node.nodeId, { profileId: 'p1' })], from)
}
const sampled = async (database: Database) => {
  await profiled(database)
  await makeSpotCheckStore(database).writeSampling(at, { sampling: aSampling(), fromVersion: 0 })
}
const running = (database: Database) => makeSpotCheckStore(database).takeRun(run)

const failed = async (database: Database) => {
  await profiled(database)
  const change = { sampling: aSampling(), fromVersion: 0, fact }
  await makeSpotCheckStore(database).writeSampling(at, change)
}

const finding = { from: node.nodeId, to: successor.nodeId, atMs: nowMs }
const laterMs = nowMs + 1
const rotated = async (database: Database) => {
  await profiled(database)
  await makeFleetStore(database).rotateNode(successor, nowMs)
  const change = { sampling: aSampling(), fromVersion: 0, fact }
  await makeSpotCheckStore(database).writeSampling(at, change)
}

export const spotCheckCases: readonly WriteCase[] = [
  {
    file: 'fleet-profiles',
    method: 'writeProfiles',
    as: 'one gone that spot checks hold something against',
    given: failed,
    write: (database) =>
      makeFleetStore(database).writeProfiles(node.nodeId, [], {
        basis: 'basis-2',
        hostFacts: aHostFacts,
      }),
  },
  {
    file: 'fleet-store',
    method: 'rotateNode',
    as: 'of a node that spot checks hold something against',
    given: failed,
    write: (database) => makeFleetStore(database).rotateNode(successor, nowMs),
  },
  {
    file: 'fleet-store',
    method: 'addFinding',
    as: 'against a successor without models',
    given: rotated,
    write: (database) => makeFleetStore(database).addFinding(finding),
  },
  {
    file: 'fleet-store',
    method: 'addFinding',
    as: 'against a successor with a record',
    given: async (database) => {
      await failed(database)
      await makeFleetStore(database).rotateNode(successor, nowMs)
      const failures = [...fact.failures, { atMs: laterMs, promptId: 'b' }]
      const change = { sampling: aSampling(), fromVersion: 1, fact: { ...fact, failures } }
      await makeSpotCheckStore(database).writeSampling(at, change)
    },
    write: (database) => makeFleetStore(database).addFinding({ ...finding, atMs: laterMs }),
  },
  spotCheckCase('putReference', { as: 'a first one' }, (store) => store.putReference(aReference())),
  spotCheckCase('writePlatformAccount', { as: 'a first one' }, (store) =>
    store.writePlatformAccount('acct_01JD000000000000000000000A'),
  ),
  spotCheckCase('writeSampling', { as: 'a first one, with a fact', given: profiled }, (store) =>
    store.writeSampling(at, { sampling: aSampling(), fromVersion: 0, fact }),
  ),
  spotCheckCase('writeSampling', { as: 'the next, with a fact', given: sampled }, (store) =>
    store.writeSampling(at, { sampling: aSampling({ checkedAtMs: nowMs }), fromVersion: 1, fact }),
  ),
  spotCheckCase('writeSampling', { as: 'the next, alone', given: sampled }, (store) =>
    store.writeSampling(at, { sampling: aSampling({ alertRequests: 1 }), fromVersion: 1 }),
  ),
  spotCheckCase('writeSampling', { as: 'of an old version', given: sampled }, (store) =>
    store.writeSampling(at, { sampling: aSampling({ alertRequests: 1 }), fromVersion: 7, fact }),
  ),
  spotCheckCase('writeSampling', { as: 'of no profile' }, (store) =>
    store.writeSampling(at, { sampling: aSampling(), fromVersion: 0, fact }),
  ),
  spotCheckCase('takeRun', { as: 'the first' }, (store) => store.takeRun(run)),
  spotCheckCase('takeRun', { as: 'while another is under way', given: running }, (store) =>
    store.takeRun({ ...run, holder: 'two' }),
  ),
  spotCheckCase('takeRun', { as: 'after one that never ended', given: running }, (store) =>
    store.takeRun({ holder: 'two', nowMs: nowMs + 2, untilMs: nowMs + 3 }),
  ),
  spotCheckCase('endRun', { as: 'with a place', given: running }, (store) =>
    store.endRun({ holder: 'one', place: node.nodeId }),
  ),
  spotCheckCase('endRun', { as: 'without a place', given: running }, (store) =>
    store.endRun({ holder: 'one', place: undefined }),
  ),
  spotCheckCase('endRun', { as: 'of another', given: running }, (store) =>
    store.endRun({ holder: 'two', place: undefined }),
  ),
]
