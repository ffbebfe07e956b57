/**
 * Doubles the requests at once until more bring nothing: no more tokens a second, failures, or the
 * end of the time that a preview may take.
 */
import type { NowMs } from '../../../src/protocol/clock.ts'
import { type Level, levelOf } from './level.ts'
import type { Sample } from './sample.ts'

const concurrencyMax = 64
/** Each slot twice, so that its end is measured with the others still at work. */
const requestsPerSlot = 2
const requestsMin = 4
const gainMin = 1.05
const failedPartMax = 0.1

export type Ramp = {
  readonly levels: readonly Level[]
  readonly ended: 'no_gain' | 'failures' | 'time' | 'concurrency_limit'
}

export async function ramp(deps: {
  /** Fails early once `signal` aborts. */
  readonly sample: () => Promise<Sample>
  readonly isOver: () => boolean
  readonly monotonicMs: NowMs
  readonly onLevel: (level: Level) => void
}): Promise<Ramp> {
  const levels: Level[] = []
  for (let concurrency = 1; concurrency <= concurrencyMax; concurrency *= 2) {
    const level = await measureLevel(concurrency, deps)
    const before = levels.at(-1)
    // A level that the time cut short would look slow; on a slow machine it is all there is.
    const isWhole = !deps.isOver()
    if (!isWhole && (before !== undefined || level.requests === 0)) return { levels, ended: 'time' }
    levels.push(level)
    deps.onLevel(level)
    if (!isWhole) return { levels, ended: 'time' }
    if (level.failed > level.requests * failedPartMax) return { levels, ended: 'failures' }
    if (before && !hasGained(before, level)) return { levels, ended: 'no_gain' }
  }
  return { levels, ended: 'concurrency_limit' }
}

async function measureLevel(
  concurrency: number,
  deps: Pick<Parameters<typeof ramp>[0], 'sample' | 'isOver' | 'monotonicMs'>,
): Promise<Level> {
  const startedMs = deps.monotonicMs()
  const samples: Sample[] = []
  let left = Math.max(requestsMin, concurrency * requestsPerSlot)
  const work = async () => {
    while (left > 0 && !deps.isOver()) {
      left -= 1
      const sample = await deps.sample()
      if (!deps.isOver()) samples.push(sample)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work))
  return levelOf(samples, { concurrency, wallMs: deps.monotonicMs() - startedMs })
}

const hasGained = (before: Level, after: Level): boolean =>
  after.throughput_tokens_per_second >= before.throughput_tokens_per_second * gainMin
