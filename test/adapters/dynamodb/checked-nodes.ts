/** Nodes that spot checks have looked at, in one embedded database, and what is kept of them. */
import type { Database } from '../../../src/adapters/dynamodb/client.ts'
import { makeReputationStore } from '../../../src/adapters/dynamodb/reputation-store.ts'
import { makeSpotCheckStore } from '../../../src/adapters/dynamodb/spot-check-store.ts'
import type { NodeFacts, SpotCheckFact } from '../../../src/fleet/node.ts'
import type { Sampling } from '../../../src/spot-checks/policy.ts'
import { aSampling } from '../../spot-checks/facts.ts'
import { aBenchmark, aHostFacts, aNode, aProfile, digest, nowMs } from './facts.ts'
import { openFleet } from './open-fleet.ts'

export const inventory = { basis: 'basis', hostFacts: aHostFacts }

export const passed: SpotCheckFact = { passed: 4, failed: 0, failures: [], condemned: undefined }
export const failedOnce: SpotCheckFact = {
  passed: 3,
  failed: 1,
  failures: [{ atMs: nowMs, promptId: 'a' }],
  condemned: undefined,
}
export const condemned: SpotCheckFact = {
  passed: 1,
  failed: 2,
  failures: [],
  condemned: { atMs: nowMs, artifactDigest: digest },
}

export const successorOf = (node: NodeFacts) => ({
  ...aNode({ ownerId: node.ownerId, status: node.status }),
  predecessorId: node.nodeId,
})

export function openCheckedNodes(database: Database) {
  const { fleet, enrolled } = openFleet(database)
  const spotChecks = makeSpotCheckStore(database)

  /** As a run writes what it saw, on top of whatever is stored. */
  async function found(
    { nodeId }: NodeFacts,
    profileId: string,
    {
      fact,
      sampling = {},
    }: { readonly fact: SpotCheckFact; readonly sampling?: Partial<Sampling> },
  ): Promise<void> {
    const fromVersion = (await spotChecks.readSamplings(nodeId)).get(profileId)?.version ?? 0
    const change = { sampling: aSampling(sampling), fromVersion, fact }
    await spotChecks.writeSampling({ nodeId, profileId }, change)
  }

  return {
    fleet,
    enrolled,
    spotChecks,
    reputations: makeReputationStore(database),
    found,
    /** An active node with one measured profile for each fact; undefined for one that no check has met. */
    checkedNode: async (
      facts: Readonly<Record<string, SpotCheckFact | undefined>>,
    ): Promise<NodeFacts> => {
      const node = await enrolled({ status: 'active' })
      const { nodeId } = node
      const profiles = Object.keys(facts).map((profileId) => aProfile(nodeId, { profileId }))
      await fleet.writeProfiles(nodeId, profiles, inventory)
      for (const [profileId, fact] of Object.entries(facts)) {
        await fleet.writeBenchmark({ nodeId, profileId }, aBenchmark())
        if (fact) await found(node, profileId, { fact, sampling: { inconclusive: 2 } })
      }
      return node
    },
    recordOf: async ({ nodeId }: NodeFacts, profileId: string) =>
      (await fleet.readProfile(nodeId, profileId))?.spotChecks,
  }
}
