/** Time, ids and randomness come in through these ports; nothing else reads a clock or a die. */

/** Milliseconds since the epoch, UTC. */
export type NowMs = () => number

/** Resolves after `durationMs`, or early and without error when `signal` aborts. */
export type Sleep = (durationMs: number, signal?: AbortSignal) => Promise<void>

/** Calls `onOver` when `durationMs` have passed since it was started or, the latest time, restarted. */
export type StartTimer = (durationMs: number, onOver: () => void) => Timer

export type Timer = {
  /** Costs next to nothing, so that it can be done for every piece of a stream. */
  readonly restart: () => void
  /** For good. */
  readonly stop: () => void
}

export type Ids = {
  /** Fresh ULID for the given time. */
  readonly ulid: (atMs: number) => string
  /** `bytes` random bytes as base64url. */
  readonly token: (bytes: number) => string
}

/** Above every ULID made before `atMs`, and not above any made since. */
export type FirstIdAt = (atMs: number) => string

/** Uniform in [0, 1). */
export type Random = () => number

export const dayMs = 24 * 60 * 60_000

/** A clock that was set back makes no negative times: nobody could read such a receipt again. */
export const durationMs = (fromMs: number, toMs: number): number => Math.max(0, toMs - fromMs)
