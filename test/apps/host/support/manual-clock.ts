/** Time that stands still until the test lets the one sleeper wake. */
import type { Clock } from '../../../../apps/host/clock.ts'

export type ManualClock = Clock & {
  readonly advance: (ms: number) => void
  /** Moves the wall clock alone, as people and time servers do. */
  readonly jump: (ms: number) => void
  /** Waits until the code under test sleeps, and lets it. */
  readonly asleep: () => Promise<void>
  /** Lets everything else have a turn. */
  readonly yield: () => Promise<void>
  /** Lets the sleeper of exactly this long wake, as soon as there is one. */
  readonly wakeOf: (ms: number) => Promise<void>
  /** Waits until the code under test sleeps; tells for how long, and lets it wake after that. */
  readonly nextSleep: () => Promise<number>
}

const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 1))

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
        const sleeper = { ms, wake: resolve }
        signal?.addEventListener(
          'abort',
          () => {
            if (sleepers.includes(sleeper)) sleepers.splice(sleepers.indexOf(sleeper), 1)
            resolve()
          },
          { once: true },
        )
        sleepers.push(sleeper)
        arrived?.()
      }),
    advance,
    jump: (ms) => {
      wallOffsetMs += ms
    },
    asleep,
    yield: turn,
    wakeOf: async (ms) => {
      while (!sleepers.some((sleeper) => sleeper.ms === ms)) await turn()
      const [sleeper] = sleepers.splice(
        sleepers.findIndex((one) => one.ms === ms),
        1,
      )
      advance(ms)
      sleeper?.wake()
    },
    nextSleep: async () => {
      await asleep()
      const sleeper = sleepers.shift()
      advance(sleeper?.ms ?? 0)
      sleeper?.wake()
      return sleeper?.ms ?? 0
    },
  }
}
