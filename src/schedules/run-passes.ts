/**
 * A schedule starts once a minute at most; what is wanted more often runs in passes. They end before
 * the next start, so that two runs never work at the same thing. The waits between them are billed, so
 * a pass that found nothing to come back for is the last.
 */
import type { NowMs, Sleep } from '../protocol/clock.ts'

export type Passes = {
  readonly passes: number
  /** From the start of one pass to the start of the next; a longer one delays what follows it. */
  readonly everyMs: number
}

/** What a pass leaves behind: `idle` where the next run is soon enough. */
export type PassEnd = 'busy' | 'idle'

/**
 * The first pass runs whatever it takes; each later one only if the one before was busy and the longest so
 * far still fits.
 */
export async function runPasses(
  { nowMs, sleep }: { readonly nowMs: NowMs; readonly sleep: Sleep },
  { passes, everyMs }: Passes,
  run: () => Promise<PassEnd>,
): Promise<void> {
  const startedAtMs = nowMs()
  const nextStartMs = startedAtMs + passes * everyMs
  let longestMs = 0
  for (let pass = 0; pass < passes; pass += 1) {
    const waitMs = startedAtMs + pass * everyMs - nowMs()
    if (waitMs > 0) await sleep(waitMs)
    const passAtMs = nowMs()
    if (pass > 0 && passAtMs + longestMs > nextStartMs) return
    if ((await run()) === 'idle') return
    longestMs = Math.max(longestMs, nowMs() - passAtMs)
  }
}
