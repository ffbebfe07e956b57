/** Time that stands still until the test lets the one sleeper wake. */
import type { Clock } from '../../../../apps/host/clock.ts'

export type ManualClock = Clock & {
  readonly advance: (ms: number) => void
  /** Moves the wall clock alone, as people and time servers do. */
  readonly jump: (ms: number) => void
  /** Waits until the code under test sleeps, and lets it. */
  readonly asleep: () => Promise<void>
  /** Waits until the code under test sleeps; tells for how long, and lets it wake after that. */
  readonly nextSleep: () => Promise<number>
}

type Sleeper = { readonly ms: number; readonly wake: () => void }

export function makeManualClock(startMs: number): ManualClock {
  let monotonicMs = 0
  let wallOffsetMs = startMs
  const sleepers: Sleeper[] = []
  let arrived: (() => void) | undefined

  const asleep = async () => {
    while (sleepers.length === 0) {
      await new Promise<void>((resolve) => {
        arrived = resolve
      })
    }
  }
  const advance = (ms: number) => {
    monotonicMs += ms
  }
  return {
    wallMs: () => monotonicMs + wallOffsetMs,
    monotonicMs: () => monotonicMs,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve()
        signal?.addEventListener('abort', () => resolve(), { once: true })
        sleepers.push({ ms, wake: resolve })
        arrived?.()
      }),
    advance,
    jump: (ms) => {
      wallOffsetMs += ms
    },
    asleep,
    nextSleep: async () => {
      await asleep()
      const sleeper = sleepers.shift()
      advance(sleeper?.ms ?? 0)
      sleeper?.wake()
      return sleeper?.ms ?? 0
    },
  }
}
