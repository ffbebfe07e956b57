/** Writes about nodes: enrolment, status, offer, beats, probes, liveness, profiles. */
import type { Database } from '../../src/adapters/dynamodb/client.ts'
import { makeFleetStore } from '../../src/adapters/dynamodb/fleet-store.ts'
import { hotKey } from '../../src/adapters/dynamodb/items/fleet-keys.ts'
import { makeJoinCodeStore } from '../../src/adapters/dynamodb/join-code-store.ts'
import type { FleetStore } from '../../src/fleet/ports.ts'
import { limits } from '../../src/protocol/limits.ts'
import {
  aBeat,
  aBenchmark,
  aHostFacts,
  aJoinCode,
  aNode,
  aProfile,
  nowMs,
} from '../adapters/dynamodb/facts.ts'
import type { WriteCase } from './write-case.ts'

const node = aNode()
const { nodeId } = node
const otherNode = aNode()
const code = aJoinCode()
const newRoute = { kind: 'direct', url: 'https://host-2.example', epoch: 2 } as const
const [first, second, third] = [
  aProfile(nodeId, { profileId: 'p1' }),
  aProfile(nodeId, { profileId: 'p2' }),
  aProfile(nodeId, { profileId: 'p3' }),
]

const codeMade = (database: Database) => makeJoinCodeStore(database).putJoinCode(code)
const enrolled = async (database: Database) => {
  await codeMade(database)
  await makeFleetStore(database).enrolNode(node, code.codeHash)
}
const beating = (database: Database) =>
  makeFleetStore(database).recordBeat(aBeat(nodeId, { seq: 1 }))
const profiled = async (database: Database) => {
  await enrolled(database)
  await makeFleetStore(database).writeProfiles(nodeId, [first, second], {
    basis: 'basis-1',
    hostFacts: aHostFacts,
  })
}

const approved = async (database: Database) => {
  await enrolled(database)
  await makeFleetStore(database).changeStatus({ nodeId, from: ['pending'], to: 'approved' })
}
const standing = async (database: Database) => {
  await approved(database)
  await beating(database)
}
const suspension = { reason: 'operator', atMs: nowMs } as const
const successor = { ...aNode(), predecessorId: nodeId }
const lastCode = aJoinCode()
/** As many nodes of one owner as an hour has room for. */
const tenEnrolments = Array.from({ length: 10 }, () => ({ node: aNode(), code: aJoinCode() }))
const busyOwner = async (database: Database) => {
  const codes = makeJoinCodeStore(database)
  for (const one of tenEnrolments) {
    await codes.putJoinCode(one.code)
    await makeFleetStore(database).enrolNode(one.node, one.code.codeHash)
  }
  await codes.putJoinCode(lastCode)
}

const instanceId = 'i-0123456789abcdef0'
const none = async () => undefined
const instanceBound = async (database: Database) => {
  await makeFleetStore(database).enrolInstance(node, instanceId)
}

const grace = { fromMs: nowMs, untilMs: nowMs + 300_000 }
const granted = (database: Database) => makeFleetStore(database).grantGrace(grace)

const fleetCase = (
  file: string,
  method: keyof FleetStore,
  shape: Pick<WriteCase, 'as' | 'given'>,
  write: (fleet: FleetStore) => Promise<unknown>,
): WriteCase => ({
  file,
  method,
  ...shape,
  write: (database) => write(makeFleetStore(database)),
})

const disable = (profileId: string, isDisabled: boolean) => (fleet: FleetStore) =>
  fleet.setProfileDisabled({ nodeId, profileId, isDisabled })

const probe = (epoch: number, atMs: number, isGood: boolean) => (fleet: FleetStore) =>
  fleet.recordProbe({ nodeId, epoch, atMs, isGood })

const probed = async (database: Database) => {
  await beating(database)
  await probe(1, nowMs, true)(makeFleetStore(database))
}

const withDisabled = (count: number) => async (database: Database) => {
  await beating(database)
  const profileIds = Array.from({ length: count }, (_, index) => `p${index}`)
  await database.client.update({
    TableName: database.tables.profiles,
    Key: hotKey(nodeId),
    UpdateExpression: 'SET disabled = :profiles',
    ExpressionAttributeValues: { ':profiles': new Set(profileIds) },
  })
}

export const fleetCases: readonly WriteCase[] = [
  fleetCase('fleet-store', 'enrolNode', { as: 'with a live code', given: codeMade }, (fleet) =>
    fleet.enrolNode(node, code.codeHash),
  ),
  fleetCase('fleet-store', 'enrolNode', { as: 'with a used code', given: enrolled }, (fleet) =>
    fleet.enrolNode(otherNode, code.codeHash),
  ),
  fleetCase('fleet-store', 'enrolNode', { as: 'once too often', given: busyOwner }, (fleet) =>
    fleet.enrolNode(otherNode, lastCode.codeHash),
  ),
  fleetCase('fleet-store', 'enrolInstance', { as: 'that has no node', given: none }, (fleet) =>
    fleet.enrolInstance(node, instanceId),
  ),
  fleetCase('fleet-store', 'enrolInstance', { as: 'that has one', given: instanceBound }, (fleet) =>
    fleet.enrolInstance(otherNode, instanceId),
  ),
  fleetCase('fleet-store', 'rotateNode', { as: 'of an active node', given: approved }, (fleet) =>
    fleet.rotateNode(successor, nowMs),
  ),
  fleetCase('fleet-store', 'rotateNode', { as: 'of a waiting node', given: enrolled }, (fleet) =>
    fleet.rotateNode(successor, nowMs),
  ),
  fleetCase(
    'fleet-store',
    'changeStatus',
    { as: 'of a node that beats', given: standing },
    (fleet) => fleet.changeStatus({ nodeId, from: ['approved'], to: 'suspended', suspension }),
  ),
  fleetCase('fleet-store', 'changeStatus', { as: 'of a silent node', given: approved }, (fleet) =>
    fleet.changeStatus({ nodeId, from: ['approved'], to: 'suspended', suspension }),
  ),
  fleetCase('fleet-store', 'changeStatus', { as: 'that is allowed', given: enrolled }, (fleet) =>
    fleet.changeStatus({ nodeId, from: ['pending'], to: 'approved' }),
  ),
  fleetCase('fleet-store', 'changeStatus', { as: 'that is refused', given: enrolled }, (fleet) =>
    fleet.changeStatus({ nodeId, from: ['suspended'], to: 'approved' }),
  ),
  fleetCase('fleet-store', 'changeOffer', { as: 'from its epoch', given: enrolled }, (fleet) =>
    fleet.changeOffer({ nodeId, fromEpoch: 1, mode: 'managed', route: newRoute }),
  ),
  fleetCase('fleet-store', 'changeOffer', { as: 'from another epoch', given: enrolled }, (fleet) =>
    fleet.changeOffer({ nodeId, fromEpoch: 2, mode: 'managed', route: newRoute }),
  ),
  fleetCase('fleet-hot', 'recordBeat', { as: 'the first' }, (fleet) =>
    fleet.recordBeat(aBeat(nodeId, { seq: 1 })),
  ),
  fleetCase('fleet-hot', 'recordBeat', { as: 'the next', given: probed }, (fleet) =>
    fleet.recordBeat(aBeat(nodeId, { seq: 2, beatAtMs: nowMs + 1, state: 'draining' })),
  ),
  fleetCase('fleet-hot', 'recordBeat', { as: 'a replay', given: beating }, (fleet) =>
    fleet.recordBeat(aBeat(nodeId, { seq: 1, beatAtMs: nowMs + 1, state: 'draining' })),
  ),
  fleetCase('fleet-hot', 'recordProbe', { as: 'good', given: probed }, probe(1, nowMs + 1, true)),
  fleetCase('fleet-hot', 'recordProbe', { as: 'good, once a minute', given: probed }, (fleet) => {
    const once = { atMs: nowMs + 60_000, isGood: true, atMostEveryMs: 60_000 }
    return fleet.recordProbe({ nodeId, epoch: 1, ...once })
  }),
  fleetCase('fleet-hot', 'recordProbe', { as: 'bad', given: probed }, probe(1, nowMs + 1, false)),
  fleetCase(
    'fleet-hot',
    'recordProbe',
    { as: 'bad, of a new route', given: probed },
    probe(2, nowMs + 1, false),
  ),
  fleetCase('fleet-hot', 'recordLiveness', { as: 'of the last beat', given: beating }, (fleet) =>
    fleet.recordLiveness({ nodeId, seq: 1, liveness: 'stale' }),
  ),
  fleetCase('fleet-hot', 'recordLiveness', { as: 'of an old beat', given: beating }, (fleet) =>
    fleet.recordLiveness({ nodeId, seq: 0, liveness: 'stale' }),
  ),
  fleetCase(
    'fleet-hot',
    'setProfileDisabled',
    { as: 'out of rotation', given: withDisabled(1) },
    disable('p9', true),
  ),
  fleetCase(
    'fleet-hot',
    'setProfileDisabled',
    { as: 'the last there is room for', given: withDisabled(limits.modelsPerNode - 1) },
    disable('last', true),
  ),
  fleetCase(
    'fleet-hot',
    'setProfileDisabled',
    { as: 'back into rotation', given: withDisabled(2) },
    disable('p1', false),
  ),
  fleetCase(
    'fleet-hot',
    'setProfileDisabled',
    { as: 'of a node that never beat' },
    disable('p1', true),
  ),
  fleetCase('fleet-state', 'writeActiveNodes', { as: 'counted' }, (fleet) =>
    fleet.writeActiveNodes(7),
  ),
  fleetCase('fleet-state', 'grantGrace', { as: 'the first' }, (fleet) => fleet.grantGrace(grace)),
  fleetCase('fleet-state', 'grantGrace', { as: 'too soon', given: granted }, (fleet) =>
    fleet.grantGrace({ fromMs: grace.fromMs + 1, untilMs: grace.untilMs + 1 }),
  ),
  fleetCase(
    'fleet-profiles',
    'writeProfiles',
    { as: 'one new, one changed, one gone', given: profiled },
    (fleet) =>
      fleet.writeProfiles(nodeId, [{ ...second, contextLength: 4_096 }, third], {
        basis: 'basis-2',
        hostFacts: aHostFacts,
      }),
  ),
  fleetCase('fleet-profiles', 'writeBenchmark', { as: 'of a profile', given: profiled }, (fleet) =>
    fleet.writeBenchmark(first, aBenchmark()),
  ),
  fleetCase('fleet-profiles', 'writeBenchmark', { as: 'of none', given: enrolled }, (fleet) =>
    fleet.writeBenchmark(first, aBenchmark()),
  ),
]
