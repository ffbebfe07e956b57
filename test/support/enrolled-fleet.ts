/** A fleet in one embedded database, as enrolment, beats and probes leave it, for the schedules. */
import { makeCatalogueStore } from '../../src/adapters/dynamodb/catalogue-store.ts'
import type { Database } from '../../src/adapters/dynamodb/client.ts'
import { makeFleetStore } from '../../src/adapters/dynamodb/fleet-store.ts'
import { makeJoinCodeStore } from '../../src/adapters/dynamodb/join-code-store.ts'
import { makePoolStore } from '../../src/adapters/dynamodb/pool-store.ts'
import type { NodeFacts, NodeProfile, ObservedBenchmark } from '../../src/fleet/node.ts'
import type { Beat } from '../../src/fleet/ports.ts'
import {
  aBeat,
  aBenchmark,
  aHostFacts,
  aJoinCode,
  aNode,
  aProfile,
} from '../adapters/dynamodb/facts.ts'
import { startEmbeddedDynamodb } from './embedded-dynamodb.ts'

export type Enrolment = {
  readonly node?: Partial<NodeFacts>
  readonly beat?: Partial<Beat> | 'none'
  readonly probe?: 'good' | 'bad' | 'none'
  readonly profile?: Partial<NodeProfile>
  readonly benchmark?: Partial<ObservedBenchmark> | 'none'
}

export type EnrolledFleet = Awaited<ReturnType<typeof startEnrolledFleet>>

export async function startEnrolledFleet() {
  const database = await startEmbeddedDynamodb()
  return { ...fleetOver(database), stop: database.stop }
}

export function fleetOver(database: Database) {
  const fleet = makeFleetStore(database)
  const joinCodes = makeJoinCodeStore(database)
  return {
    fleet,
    catalogue: makeCatalogueStore(database),
    pool: makePoolStore(database),
    /** A node whose one profile earns, but for the changes. */
    enrol: async (changes: Enrolment = {}): Promise<NodeFacts> => {
      const atMs = Date.now()
      const { nodeId: ownerId } = aNode()
      const node = aNode({ status: 'active', enrolledAtMs: atMs, ownerId, ...changes.node })
      const { nodeId } = node
      const code = aJoinCode({ expiresAtMs: atMs + 60_000 })
      await joinCodes.putJoinCode(code)
      await fleet.enrolNode(node, code.codeHash)
      if (changes.beat !== 'none') {
        await fleet.recordBeat(aBeat(nodeId, { seq: atMs, beatAtMs: atMs, ...changes.beat }))
      }
      if (changes.probe !== 'none') {
        const isGood = changes.probe !== 'bad'
        await fleet.recordProbe({ nodeId, epoch: node.route.epoch, atMs, isGood })
      }
      const profile = aProfile(nodeId, changes.profile)
      await fleet.writeProfiles(nodeId, [profile], { basis: 'basis', hostFacts: aHostFacts })
      if (changes.benchmark !== 'none') {
        const observed = { expiresAtMs: atMs + 86_400_000, ...changes.benchmark }
        await fleet.writeBenchmark(profile, aBenchmark(observed))
      }
      return node
    },
  }
}
