/**
 * A dispatch that came with the node's proof shows what a probe asks for: that the route ends at the
 * enrolled key. Busy routes prove themselves this way, and probes are left for the quiet ones.
 */
import type { HotItem } from '../fleet/node.ts'
import type { FleetStore } from '../fleet/ports.ts'
import type { NowMs } from '../protocol/clock.ts'
import type { Dispatched } from './attempt.ts'

export type LiveProofDeps = {
  readonly fleet: Pick<FleetStore, 'recordProbe'>
  readonly nowMs: NowMs
}

export const liveProofEveryMs = 60_000

/**
 * At most one write per node and minute: `hot`, as it was read for this request, tells most that
 * they come too soon, and the store tells the rest. Never rejects: a customer does not wait for
 * this, nor hear of it.
 */
export async function recordLiveProof(
  { fleet, nowMs }: LiveProofDeps,
  { candidate: { nodeId, routeEpoch: epoch } }: Pick<Dispatched, 'candidate'>,
  hot: Pick<HotItem, 'probe'> | undefined,
): Promise<void> {
  const atMs = nowMs()
  const probe = hot?.probe
  const isKnown = probe !== undefined && probe.epoch === epoch && probe.failures === 0
  if (isKnown && atMs - probe.okAtMs < liveProofEveryMs) return
  const proof = { nodeId, epoch, atMs, isGood: true, atMostEveryMs: liveProofEveryMs }
  await fleet.recordProbe(proof).catch(() => undefined)
}
