/**
 * Notices that the machine slept: the clock on the wall went on, the monotonic one stood still. A
 * clock that was set forward looks the same, and is as good a reason for a beat.
 */
import type { Clock } from './clock.ts'

const lookEveryMs = 5_000
const sleptMsMin = 30_000

export async function watchSleep(deps: {
  readonly clock: Clock
  readonly stop: AbortSignal
  readonly woke: (sleptMs: number) => void
}): Promise<void> {
  const { clock, stop } = deps
  while (!stop.aborted) {
    const before = { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() }
    await clock.sleep(lookEveryMs, stop)
    const wallMs = clock.wallMs() - before.wallMs
    // Where the monotonic clock counts sleep too, the look itself came far too late.
    const awakeMs = Math.min(clock.monotonicMs() - before.monotonicMs, 2 * lookEveryMs)
    if (!stop.aborted && wallMs - awakeMs >= sleptMsMin) deps.woke(Math.round(wallMs - awakeMs))
  }
}
