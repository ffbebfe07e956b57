/** Waits of half a minute, tested in a moment. */
import { sleep } from '../../src/adapters/system.ts'
import type { Sleep } from '../../src/protocol/clock.ts'

/** Real sleep, but for the durations that a test shortens. */
export const sleepShortened =
  (waitsMs: Readonly<Record<number, number>>): Sleep =>
  (durationMs, signal) =>
    sleep(waitsMs[durationMs] ?? durationMs, signal)
