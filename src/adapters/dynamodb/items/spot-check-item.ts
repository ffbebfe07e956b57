/**
 * What spot checks keep in the Profiles table: references, the sampling of each profile, the run that is under
 * way, and whose account pays. The fact that gates read lies on the profile itself.
 */
import * as z from 'zod'
import { AccountId, ArtifactDigest, ProfileId } from '../../../protocol/ids.ts'
import type { Sampling } from '../../../spot-checks/policy.ts'
import type { StoredSampling } from '../../../spot-checks/ports.ts'
import { Reference } from '../../../spot-checks/reference.ts'
import { Int } from '../item-fields.ts'
import { fromBody, toBody } from './json-body.ts'

export const referencesPartition = 'references'

/** Ids of profiles hold no `#`. */
export const referenceKey = (of: {
  readonly profileId: string
  readonly runtimeKind: string
  readonly runtimeVersion: string
}) => ({
  pk: referencesPartition,
  sk: `${of.profileId}#${of.runtimeKind}#${of.runtimeVersion}`,
})

export function toReferenceItem(reference: Reference) {
  const key = referenceKey({
    profileId: reference.profile_id,
    runtimeKind: reference.runtime_kind,
    runtimeVersion: reference.runtime_version,
  })
  return { ...key, body: toBody(reference, 'a reference') }
}

export const fromReferenceItem = (item: unknown): Reference => fromBody(Reference, item)

export const samplingPartition = (nodeId: string) => `spot-checks#${nodeId}`
export const samplingKey = (nodeId: string, profileId: string) => ({
  pk: samplingPartition(nodeId),
  sk: profileId,
})

const SamplingItem = z.object({
  sk: ProfileId,
  version: Int,
  artifactDigest: ArtifactDigest,
  counted: z.object({ benchmarkId: z.string(), requests: Int }),
  alertRequests: Int,
  checkedAtMs: Int,
  inconclusive: Int,
  askedPromptIds: z.array(z.string()),
})

export function fromSamplingItem(
  item: unknown,
): readonly [profileId: string, stored: StoredSampling] {
  const { sk: profileId, version, ...sampling } = SamplingItem.parse(item)
  return [profileId, { sampling, version }]
}

export const toSamplingFields = (sampling: Sampling) => ({
  ...sampling,
  askedPromptIds: [...sampling.askedPromptIds],
})

export const runKey = { pk: 'schedule#run-spot-checks', sk: 'run' }
export const RunItem = z.object({ holder: z.string().optional(), place: z.string().optional() })

export const platformKey = { pk: 'platform', sk: 'account' }
export const PlatformItem = z.object({ accountId: AccountId })
