/**
 * A schedule starts once a minute at most; what is wanted more often runs in passes. They end before
 * the next start, so that two runs never work at the same thing.
 */
import type { NowMs, Sleep } from '../protocol/clock.ts'

export type Passes = {
  readonly passes: number
  /** From the start of one pass to the start of the next; a longer one delays what follows it. */
  readonly everyMs: number
}

/** The first pass runs whatever it takes; each later one only if the longest so far still fits. */
export async function runPasses(
  { nowMs, sleep }: { readonly nowMs: NowMs; readonly sleep: Sleep },
  { passes, everyMs }: Passes,
  run: () => Promise<void>,
): Promise<void> {
  const startedAtMs = nowMs()
  const nextStartMs = startedAtMs + passes * everyMs
  let longestMs = 0
  for (let pass = 0; pass < passes; pass += 1) {
    const waitMs = startedAtMs + pass * everyMs - nowMs()
    if (waitMs > 0) await sleep(waitMs)
    const passAtMs = nowMs()
    if (pass > 0 && passAtMs + longestMs > nextStartMs) return
    await run()
    longestMs = Math.max(longestMs, nowMs() - passAtMs)
  }
}
