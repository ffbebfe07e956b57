/**
 * Whether the node takes work, and if not, why. The owner's word comes before everything but the end
 * of the process. Without the control plane for ten minutes the node must be taken for gone, so it
 * stops by itself, and starts again by itself with the first accepted beat.
 */
import type { NowMs } from '../../src/protocol/clock.ts'
import type { Heartbeat } from '../../src/protocol/heartbeat.ts'

export const contactLostMs = 10 * 60_000

/** Why the owner's limits keep the node from work. */
export type OwnerPause = 'asked' | 'schedule' | 'power'

export type Standing = {
  readonly state: Heartbeat['state']
  /** For the owner; null where there is nothing to say. */
  readonly reason: string | null
}

export type NodeState = {
  readonly current: () => Heartbeat['state']
  readonly standing: () => Standing
  /** A beat was accepted. */
  readonly contact: () => void
  /** `stop`: the process ends. `operator`: until `resume`. */
  readonly drain: (by: 'stop' | 'operator') => void
  /** Ends a drain by the operator; the owner's pause and the end of the process stand. */
  readonly resume: () => void
}

const pauseReasons: Readonly<Record<OwnerPause, string>> = {
  asked: 'paused by the owner: b3iq-host resume ends it',
  schedule: 'outside the hours of owner_limits.schedule',
  power: 'the GPUs draw more than owner_limits.max_power_w',
}

/** Boot counts as contact: a restart of the agent does not need ingest to be up. */
export function makeNodeState(deps: {
  readonly monotonicMs: NowMs
  readonly ownerPause: () => OwnerPause | undefined
  /** Someone else works or plays on a GPU, and the owner wants the node to make room. */
  readonly userActive: () => boolean
}): NodeState {
  let contactAtMs = deps.monotonicMs()
  let stopping = false
  let draining = false

  function standing(): Standing {
    if (stopping) return { state: 'draining', reason: 'the agent is being stopped' }
    const pause = deps.ownerPause()
    if (pause !== undefined) return { state: 'paused_by_owner', reason: pauseReasons[pause] }
    if (draining) return { state: 'draining', reason: 'drained by the operator' }
    if (deps.userActive()) return { state: 'user_active', reason: 'a GPU is used by others' }
    return deps.monotonicMs() - contactAtMs > contactLostMs
      ? { state: 'degraded', reason: 'no heartbeat was accepted for ten minutes' }
      : { state: 'ready', reason: null }
  }

  return {
    current: () => standing().state,
    standing,
    contact: () => {
      contactAtMs = deps.monotonicMs()
    },
    drain: (by) => {
      if (by === 'stop') stopping = true
      else draining = true
    },
    resume: () => {
      draining = false
    },
  }
}
