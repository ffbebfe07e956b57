/**
 * The agent's sense of time. Clocks of gaming PCs are wrong more often than not, so what is signed
 * and judged uses the server's time: the local clock plus an offset learned from every reply.
 */
import { setTimeout as timer } from 'node:timers/promises'
import type { NowMs, Sleep } from '../../src/protocol/clock.ts'

export type Clock = {
  readonly wallMs: NowMs
  /** Never jumps; its zero means nothing. */
  readonly monotonicMs: NowMs
  readonly sleep: Sleep
}

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (durationMs, signal) =>
    timer(durationMs, undefined, signal ? { signal } : {}).catch(() => undefined),
}

export type ServerClock = {
  readonly nowMs: NowMs
  readonly offsetMs: () => number
  /** The server's clock showed `serverTimeMs` about half way through this exchange. */
  readonly learn: (exchange: {
    readonly sentAtMs: number
    readonly receivedAtMs: number
    readonly serverTimeMs: number
  }) => void
}

/** Exchanges are timed with the uncorrected `wallMs`. */
export function makeServerClock(clock: Clock, initialOffsetMs = 0): ServerClock {
  let offsetMs = initialOffsetMs
  return {
    nowMs: () => Math.round(clock.wallMs() + offsetMs),
    offsetMs: () => offsetMs,
    learn: ({ sentAtMs, receivedAtMs, serverTimeMs }) => {
      offsetMs = Math.round(serverTimeMs - (sentAtMs + receivedAtMs) / 2)
    },
  }
}
