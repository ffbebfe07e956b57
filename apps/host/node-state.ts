/**
 * Whether the node takes network work. Without the control plane for ten minutes it must be taken
 * for gone, so it stops by itself, and starts again by itself with the first accepted beat.
 */
import type { NowMs } from '../../src/protocol/clock.ts'
import type { Heartbeat } from '../../src/protocol/heartbeat.ts'

export const contactLostMs = 10 * 60_000

export type NodeState = {
  readonly current: () => Heartbeat['state']
  /** A beat was accepted. */
  readonly contact: () => void
  readonly drain: () => void
}

/** Boot counts as contact: a restart of the agent does not need ingest to be up. */
export function makeNodeState(monotonicMs: NowMs): NodeState {
  let contactAtMs = monotonicMs()
  let draining = false
  return {
    current: () => {
      if (draining) return 'draining'
      return monotonicMs() - contactAtMs > contactLostMs ? 'degraded' : 'ready'
    },
    contact: () => {
      contactAtMs = monotonicMs()
    },
    drain: () => {
      draining = true
    },
  }
}
