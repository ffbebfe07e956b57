/**
 * Where the fleet lies in the Profiles table. Sixteen partitions hold all nodes, so that a schedule
 * reads the whole fleet with sixteen queries and neither a scan nor an index; in its partition all
 * of a node lies together, so that one query reads its row.
 */
import * as z from 'zod'
import { sha256Hex } from '../../../protocol/canonical.ts'
import { NodeId } from '../../../protocol/ids.ts'

export const fleetBuckets = 16
export const fleetPartition = (bucket: number) => `fleet#${String(bucket).padStart(2, '0')}`

export const hotKey = (nodeId: string) => ({ pk: partitionOf(nodeId), sk: `${nodeId}#hot` })
export const nodeKey = (nodeId: string) => ({ pk: partitionOf(nodeId), sk: `${nodeId}#node` })
/** Ids of nodes and of profiles hold no `#`. */
export const profileKey = (nodeId: string, profileId: string) => ({
  pk: partitionOf(nodeId),
  sk: `${nodeId}#profile#${profileId}`,
})

/** What a query names to read all of a node, or its profiles alone. */
export const rowPrefix = (nodeId: string) => ({ pk: partitionOf(nodeId), prefix: `${nodeId}#` })
export const profilesPrefix = (nodeId: string) => ({
  pk: partitionOf(nodeId),
  prefix: `${nodeId}#profile#`,
})

/** Sorts as the fleet is read: what lies in one shard of a pool is a run of places. */
export const placeOf = (nodeId: string): string => `${partitionOf(nodeId)}#${nodeId}`

const FleetItem = z.object({
  sk: z
    .string()
    .transform((sk) => sk.split('#'))
    .pipe(z.tuple([NodeId, z.enum(['hot', 'node', 'profile'])]).rest(z.string())),
})

export function fleetItemOf(item: unknown) {
  const [nodeId, kind] = FleetItem.parse(item).sk
  return { nodeId, kind }
}

function partitionOf(nodeId: string): string {
  return fleetPartition(Number.parseInt(sha256Hex(nodeId).slice(0, 2), 16) % fleetBuckets)
}
