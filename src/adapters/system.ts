/** The real clock, the real die, real sleep: the only place that reads them. */
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { decodeTime, encodeTime, monotonicFactory } from 'ulid'
import type { FirstIdAt, Ids, NowMs, Random, Sleep } from '../protocol/clock.ts'

export const nowMs: NowMs = () => Date.now()

/** Resolves early, without error, when the signal aborts. */
export const sleep: Sleep = (durationMs, signal) =>
  delay(durationMs, undefined, { ref: true, ...(signal ? { signal } : {}) }).catch(() => undefined)

/** Each set of ids rises by itself: one that was asked for a late time stays there. */
export function makeIds(): Ids {
  const nextUlid = monotonicFactory()
  return {
    ulid: (atMs) => nextUlid(atMs),
    token: (bytes) => randomBytes(bytes).toString('base64url'),
  }
}

export const ids: Ids = makeIds()

/** Milliseconds since the epoch of an id's making. */
export const timeOfId = (id: string): number => decodeTime(id)

export const firstIdAt: FirstIdAt = (atMs) => `${encodeTime(atMs)}${'0'.repeat(16)}`

export const random: Random = () => randomBytes(4).readUInt32BE() / 2 ** 32
