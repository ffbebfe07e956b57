/**
 * Tells how old the pools are, from a schedule that does not build them: requests are served on
 * without passes, and somebody must hear of it.
 */
import type { PoolMetrics, PoolStore } from '../fleet/ports.ts'
import type { NowMs } from '../protocol/clock.ts'

export type PoolAgeDeps = {
  readonly pool: Pick<PoolStore, 'readPublicCatalogue'>
  readonly metrics: PoolMetrics
  readonly nowMs: NowMs
}

/** Of the public catalogue, which a pass writes last. Nothing is told before the first pass. */
export async function tellPoolAge({
  pool,
  metrics,
  nowMs,
}: PoolAgeDeps): Promise<{ readonly poolAgeSeconds: number | null }> {
  const catalogue = await pool.readPublicCatalogue()
  if (!catalogue) return { poolAgeSeconds: null }
  const poolAgeSeconds = Math.max(0, nowMs() - catalogue.builtAtMs) / 1000
  metrics.publishAge(poolAgeSeconds)
  return { poolAgeSeconds }
}
