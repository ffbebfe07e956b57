/** A model in two builds, and a node that has both: what is done to one profile after the other. */
import type { FleetStore } from '../../src/fleet/ports.ts'
import { aHostFacts, aProfile } from '../adapters/dynamodb/facts.ts'
import { modelOnSale } from '../support/model-on-sale.ts'

export const otherBuild = {
  profileId: 'maker/model@q4',
  artifactDigest: `sha256:${'4'.repeat(64)}`,
}

const onSale = modelOnSale('maker/model')

export const modelInTwoBuilds = modelOnSale('maker/model', {
  profiles: onSale.profiles.flatMap((one) => [
    one,
    {
      ...one,
      profile_id: otherBuild.profileId,
      artifact: { ...one.artifact, digest: otherBuild.artifactDigest },
    },
  ]),
})

export async function installBoth(
  fleet: Pick<FleetStore, 'writeProfiles'>,
  nodeId: string,
): Promise<void> {
  const profiles = [aProfile(nodeId), aProfile(nodeId, otherBuild)]
  await fleet.writeProfiles(nodeId, profiles, { basis: 'both', hostFacts: aHostFacts })
}
