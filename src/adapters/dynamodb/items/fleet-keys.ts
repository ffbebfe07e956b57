/**
 * Where the fleet lies in the Profiles table. Sixteen partitions hold all nodes, so that a schedule
 * reads the whole fleet with sixteen queries and neither a scan nor an index.
 */
import { sha256Hex } from '../../../protocol/canonical.ts'

export const fleetBuckets = 16

export const hotPrefix = 'hot#'
export const nodePrefix = 'node#'
const profilePrefix = 'profile#'

export const fleetPartition = (bucket: number) => `fleet#${String(bucket).padStart(2, '0')}`

export const hotKey = (nodeId: string) => ({ pk: partitionOf(nodeId), sk: `${hotPrefix}${nodeId}` })

export const nodeKey = (nodeId: string) => ({
  pk: partitionOf(nodeId),
  sk: `${nodePrefix}${nodeId}`,
})

/** Ids of nodes and profiles hold no `#`. */
export const profileKey = (nodeId: string, profileId: string) => ({
  pk: partitionOf(nodeId),
  sk: `${profilesPrefix(nodeId)}${profileId}`,
})

/** Begins the sort key of every profile of the node and of no other. */
export const profilesPrefix = (nodeId: string) => `${profilePrefix}${nodeId}#`

export const partitionOf = (nodeId: string) => fleetPartition(bucketOf(nodeId))

function bucketOf(nodeId: string): number {
  return Number.parseInt(sha256Hex(nodeId).slice(0, 2), 16) % fleetBuckets
}
