/** The real clock, the real die, real sleep: the only place that reads them. */
import { randomFillSync } from 'node:crypto'
import { decodeTime, encodeTime, monotonicFactory } from 'ulid'
import { assert } from '../protocol/assert.ts'
import type { FirstIdAt, Ids, NowMs, Random, Sleep, StartTimer } from '../protocol/clock.ts'

export const nowMs: NowMs = () => Date.now()

/**
 * Resolves early, without error, when the signal aborts. The runtime's own would make an error of it, with a
 * trace of the stack, and each request sleeps several times beside its work.
 */
export const sleep: Sleep = (durationMs, signal) =>
  new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const wake = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', wake)
      resolve()
    }
    const timer = setTimeout(wake, durationMs)
    signal?.addEventListener('abort', wake)
  })

/** What one call of the system's generator gives: it costs as much as many small draws. */
const drawnBytes = 4_096
const drawn = Buffer.alloc(drawnBytes)
let used = drawnBytes

/** Fresh random bytes, to be read before the next draw; each is given out once. */
function draw(bytes: number): Buffer {
  assert(bytes <= drawnBytes, 'few random bytes are drawn at a time', { bytes })
  if (used + bytes > drawnBytes) {
    randomFillSync(drawn)
    used = 0
  }
  used += bytes
  return drawn.subarray(used - bytes, used)
}

export const startTimer: StartTimer = (durationMs, onOver) => {
  const timeout = setTimeout(onOver, durationMs)
  return { restart: () => void timeout.refresh(), stop: () => clearTimeout(timeout) }
}

/** Each set of ids rises by itself: one that was asked for a late time stays there. */
export function makeIds(): Ids {
  // Its own generator asks the system sixteen times for an id.
  const nextUlid = monotonicFactory(() => draw(1).readUInt8() / 2 ** 8)
  return {
    ulid: (atMs) => nextUlid(atMs),
    token: (bytes) => draw(bytes).toString('base64url'),
  }
}

export const ids: Ids = makeIds()

/** Milliseconds since the epoch of an id's making. */
export const timeOfId = (id: string): number => decodeTime(id)

export const firstIdAt: FirstIdAt = (atMs) => `${encodeTime(atMs)}${'0'.repeat(16)}`

export const random: Random = () => draw(4).readUInt32BE() / 2 ** 32
