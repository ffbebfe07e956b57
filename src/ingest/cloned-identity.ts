/**
 * One key on two machines shows as two boots that beat in turn: a restart never goes back to the
 * boot before it. Neither machine is believed any more until the operator has spoken.
 */
import { type HotItem, mayServe, type NodeFacts } from '../fleet/node.ts'
import type { FleetStore, Recompute } from '../fleet/ports.ts'
import type { Log } from '../http/surface.ts'
import type { Heartbeat } from '../protocol/heartbeat.ts'

/** After so long a former boot is forgotten; two machines at once meet much sooner. */
export const formerBootMs = 10 * 60_000

/**
 * `hot` is the item before the beat. An old beat played back has a lower sequence number and is a
 * replay: it must not suspend the node that once sent it.
 */
export function isFromFormerBoot(
  { boot_id: bootId, seq }: Pick<Heartbeat, 'boot_id' | 'seq'>,
  hot: Pick<HotItem, 'seq' | 'formerBoot'> | undefined,
  nowMs: number,
): boolean {
  if (!hot?.formerBoot || seq <= hot.seq) return false
  const { bootId: formerId, replacedAtMs } = hot.formerBoot
  return formerId === bootId && nowMs - replacedAtMs <= formerBootMs
}

/** As the beat leaves it. */
export function formerBootAfter(
  hot: Pick<HotItem, 'bootId' | 'formerBoot'> | undefined,
  bootId: string,
  nowMs: number,
): HotItem['formerBoot'] {
  if (!hot) return undefined
  if (hot.bootId !== bootId) return { bootId: hot.bootId, replacedAtMs: nowMs }
  const isRecent = hot.formerBoot && nowMs - hot.formerBoot.replacedAtMs <= formerBootMs
  return isRecent ? hot.formerBoot : undefined
}

export async function suspendCloned(
  deps: {
    readonly fleet: Pick<FleetStore, 'changeStatus'>
    readonly recompute: Recompute
    readonly log: Log
  },
  node: NodeFacts,
  nowMs: number,
): Promise<void> {
  const { nodeId } = node
  const isSuspended = await deps.fleet.changeStatus({
    nodeId,
    from: ['pending', 'approved', 'active'],
    to: 'suspended',
    suspension: { reason: 'cloned_identity', atMs: nowMs },
  })
  if (!isSuspended) return
  deps.log('cloned_identity', { nodeId, ownerId: node.ownerId })
  if (mayServe(node)) await deps.recompute(node.nodeId)
}
