/**
 * Records who went stale or offline, for owners and alarms. Routing never waits for it: the gateway
 * judges each hot item by the clock.
 */
import { type Liveness, livenessOf } from '../fleet/node.ts'
import type { FleetStore } from '../fleet/ports.ts'
import type { NowMs } from '../protocol/clock.ts'

export type ExpireHeartbeatsDeps = {
  readonly fleet: Pick<FleetStore, 'rows' | 'recordLiveness'>
  readonly nowMs: NowMs
}

export type ExpireHeartbeatsReport = Readonly<Record<Liveness, number>>

export async function expireHeartbeats(
  deps: ExpireHeartbeatsDeps,
): Promise<ExpireHeartbeatsReport> {
  const report: Record<Liveness, number> = { never: 0, fresh: 0, stale: 0, offline: 0 }
  for await (const { hot } of deps.fleet.rows()) {
    const liveness = livenessOf(hot?.beatAtMs, deps.nowMs())
    report[liveness] += 1
    if (hot && hot.liveness !== liveness) {
      // Refused when a beat arrived since the read; that beat is the newer truth.
      await deps.fleet.recordLiveness({ nodeId: hot.nodeId, seq: hot.seq, liveness })
    }
  }
  return report
}
