/**
 * Watches what the owner set: the pause, the hours, the power. Looks every two seconds, so that a
 * dispatch asks a variable and never a file, and tells when the node stops or starts to take work.
 */
import type { NowMs } from '../../src/protocol/clock.ts'
import type { GpuReport } from '../../src/protocol/heartbeat.ts'
import type { Clock } from './clock.ts'
import type { OwnerLimits } from './config.ts'
import type { OwnerPause } from './node-state.ts'
import { isPaused } from './owner-pause-file.ts'
import { isOpenAt } from './owner-schedule.ts'
import { makePowerLimit } from './power-limit.ts'

const lookEveryMs = 2_000
/** As often as the GPUs are read. */
const powerEveryMs = 15_000

export type OwnerWatch = {
  readonly pause: () => OwnerPause | undefined
  /** As many as the owner allows at this power. */
  readonly slots: () => number
  readonly look: () => Promise<void>
  /** Looks until `stop` aborts; `looked` is called after each look. */
  readonly run: (stop: AbortSignal, looked: () => void) => Promise<void>
}

export function makeOwnerWatch(deps: {
  readonly limits: OwnerLimits
  readonly pauseFile: string
  readonly gpus: () => readonly GpuReport[]
  readonly inFlight: () => number
  readonly clock: Clock
  /** The server's time, which is right where the host's may be wrong. */
  readonly nowMs: NowMs
}): OwnerWatch {
  const { limits, clock } = deps
  const power = makePowerLimit({
    maxPowerW: limits.max_power_w,
    slotsMax: limits.max_concurrency,
    inFlight: deps.inFlight,
    monotonicMs: clock.monotonicMs,
  })
  let asked = false
  let closed = false
  let powerSeenAtMs = Number.NEGATIVE_INFINITY

  async function look(): Promise<void> {
    asked = await isPaused(deps.pauseFile)
    closed = limits.schedule !== undefined && !isOpenAt(limits.schedule, deps.nowMs())
    if (clock.monotonicMs() - powerSeenAtMs < powerEveryMs) return
    powerSeenAtMs = clock.monotonicMs()
    power.see(deps.gpus())
  }

  return {
    pause: () => {
      if (asked) return 'asked'
      if (closed) return 'schedule'
      return power.slots() === 0 ? 'power' : undefined
    },
    slots: power.slots,
    look,
    run: async (stop, looked) => {
      while (!stop.aborted) {
        await look()
        looked()
        await clock.sleep(lookEveryMs, stop)
      }
    },
  }
}
