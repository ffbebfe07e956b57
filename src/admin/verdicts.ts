/** The operator's way to lift the verdict of spot checks, once the host has put things right. */
import type * as z from 'zod'
import type { FleetStore, Recompute } from '../fleet/ports.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { factCleared, samplingAlert } from '../spot-checks/policy.ts'
import type { SpotCheckStore } from '../spot-checks/ports.ts'
import type { DeploymentName } from './deployments.ts'

export type VerdictDeps = {
  readonly fleet: Pick<FleetStore, 'readRow'>
  readonly spotChecks: Pick<SpotCheckStore, 'readSamplings' | 'writeSampling'>
  readonly recompute: Recompute
}

/** The profile serves again as far as spot checks go, and is sampled as after a failure. */
export async function clearVerdict(
  { fleet, spotChecks, recompute }: VerdictDeps,
  { node_id: nodeId, profile_id: profileId }: z.infer<typeof DeploymentName>,
): Promise<Result<object>> {
  const row = await fleet.readRow(nodeId)
  if (!row) return refuse('node_not_found', { param: 'node_id' })
  const profile = row.profiles.find((one) => one.profileId === profileId)
  if (!profile) {
    return refuse('not_found', { param: 'profile_id', message: 'The node has no such profile.' })
  }
  const stored = (await spotChecks.readSamplings(nodeId)).get(profileId)
  const fact = profile.spotChecks
  if (!stored || !fact) {
    return refuse('state_conflict', { message: 'No spot check was made of this profile yet.' })
  }
  const sampling = samplingAlert(stored.sampling)
  const change = { sampling, fromVersion: stored.version, fact: factCleared(fact) }
  if (!(await spotChecks.writeSampling({ nodeId, profileId }, change))) {
    return refuse('state_conflict', {
      retryable: true,
      message: 'A spot check ended meanwhile: try again.',
    })
  }
  await recompute(nodeId)
  const { passed, failed } = fact
  return ok({ object: 'spot_checks', node_id: nodeId, profile_id: profileId, passed, failed })
}
