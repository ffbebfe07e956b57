/**
 * Whether an engine that has work makes tokens. Its counters tell where it has any, else the chunks
 * that the agent itself relays; an engine that tells neither is given the benefit of the doubt.
 */

export type ProgressSeen = {
  readonly running: number
  /** The engine's own counters; undefined where it shows none. */
  readonly marks: readonly number[] | undefined
  /** When the agent last relayed a chunk of this runtime, on the clock of `nowMs`. */
  readonly relayedAtMs: number | undefined
}

export type Progress = {
  readonly marks: readonly number[] | undefined
  /** When tokens were last seen to move, or when there was last nothing to do. */
  readonly atMs: number
  /** Undefined while nothing is running or nothing would tell. */
  readonly stalledMs: number | undefined
}

export function progressAfter(
  before: Progress | undefined,
  seen: ProgressSeen,
  nowMs: number,
): Progress {
  const { running, marks, relayedAtMs } = seen
  const moved = marks !== undefined && !sameNumbers(marks, before?.marks)
  const rests = running === 0
  const fresh = before === undefined || rests || moved
  const atMs = fresh ? nowMs : Math.max(before.atMs, relayedAtMs ?? before.atMs)
  const wouldTell = marks !== undefined || relayedAtMs !== undefined
  return {
    // One scrape that failed must not make the next one look like movement.
    marks: marks ?? before?.marks,
    atMs,
    stalledMs: rests || !wouldTell ? undefined : nowMs - atMs,
  }
}

function sameNumbers(one: readonly number[], other: readonly number[] | undefined): boolean {
  return one.length === other?.length && one.every((number, at) => number === other[at])
}
