/** A key's limits as its wallet counts them, and how far they are used. */
import { countedLimits, type KeyCaps, type LimitKind, periodEndMs } from '../ledger/counters.ts'
import { type CustomerKey, hasLimits } from './api-key.ts'

export const capsOf = ({ ordinal: keyOrdinal, ...key }: CustomerKey): KeyCaps => ({
  keyOrdinal,
  spendPerDay: key.spendPerDay,
  spendPerMonth: key.spendPerMonth,
  requestsPerMinute: key.requestsPerMinute,
  tokensPerMinute: key.tokensPerMinute,
  concurrency: key.concurrency,
  isCounted: hasLimits(key),
})

export type LimitNow = {
  readonly kind: LimitKind
  /** Undefined where the key has no such limit and is counted all the same. */
  readonly cap: bigint | undefined
  /** What is held counts as used; undefined where nobody looked. */
  readonly used: bigint | undefined
  /** Not below zero: a cap may be lowered under what was used before. */
  readonly remaining: bigint | undefined
  /** Undefined for what has no period: it is free again when a request ends. */
  readonly resetsAtMs: number | undefined
}

/** By the counters of the periods in which `atMs` lies. */
export function limitsNow(
  key: CustomerKey,
  counters: ReadonlyMap<string, bigint> | undefined,
  atMs: number,
): LimitNow[] {
  return countedLimits(capsOf(key), atMs).map(({ name, kind, cap }) => {
    const used = counters && (counters.get(name) ?? 0n)
    const left = cap === undefined || used === undefined ? undefined : cap - used
    return {
      kind,
      cap,
      used,
      remaining: left !== undefined && left < 0n ? 0n : left,
      resetsAtMs: periodEndMs(kind, atMs),
    }
  })
}
