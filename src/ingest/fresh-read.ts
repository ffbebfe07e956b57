/** What every beat needs of the whole stage, read once in a few seconds however many nodes beat. */
import type { NowMs } from '../protocol/clock.ts'

const freshMs = 5_000

export function makeFreshRead<T>(read: () => Promise<T>, nowMs: NowMs): () => Promise<T> {
  let last: { readonly untilMs: number; readonly value: Promise<T> } | undefined
  return () => {
    if (last && last.untilMs > nowMs()) return last.value
    const value = read()
    last = { untilMs: nowMs() + freshMs, value }
    // A failed read must not be remembered as an answer.
    value.catch(() => {
      if (last?.value === value) last = undefined
    })
    return value
  }
}
