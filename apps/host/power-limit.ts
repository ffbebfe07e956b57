/**
 * Keeps what the GPUs draw near the owner's limit with the only means an agent has: fewer requests at
 * once. Each reading above the limit takes a slot away, down to none; each one well below gives one
 * back. A limit that must hold at every moment is the driver's to set (`nvidia-smi --power-limit`).
 */
import type { NowMs } from '../../src/protocol/clock.ts'
import type { GpuReport } from '../../src/protocol/heartbeat.ts'

/** Below this part of the limit there is room for one more. */
const roomFraction = 0.9
/** With no slot left the GPUs fall idle and look well; trying again costs what it did before. */
export const powerPauseMs = 5 * 60_000

export type PowerLimit = {
  readonly see: (gpus: readonly GpuReport[]) => void
  readonly slots: () => number
}

export function makePowerLimit(deps: {
  readonly maxPowerW: number | undefined
  readonly slotsMax: number
  readonly inFlight: () => number
  readonly monotonicMs: NowMs
}): PowerLimit {
  const { maxPowerW, slotsMax, monotonicMs } = deps
  let slots = slotsMax
  let noneSinceMs = 0

  function see(gpus: readonly GpuReport[]): void {
    const told = gpus.flatMap(({ power_w }) => power_w ?? [])
    // A driver that is silent does not mean that nothing is drawn.
    if (maxPowerW === undefined || told.length === 0) return
    const powerW = told.reduce((sum, one) => sum + one, 0)
    if (powerW > maxPowerW) {
      // Slots that nothing runs in draw no power; taking them away would change nothing for long.
      slots = Math.max(0, Math.min(slots, deps.inFlight()) - 1)
      if (slots === 0) noneSinceMs = monotonicMs()
    } else if (powerW < maxPowerW * roomFraction && slots < slotsMax) {
      const mayTry = slots > 0 || monotonicMs() - noneSinceMs >= powerPauseMs
      if (mayTry) slots += 1
    }
  }

  return { see, slots: () => slots }
}
