/**
 * How fast a profile is for customers, beside its benchmark: a small histogram of speeds relative to
 * the benchmark's own. It forgets, so that the latest few hundred requests decide, and it remembers
 * the pages that it was folded from, so that one that is told again changes nothing.
 */
import type { LiveSpeed, ObservedBenchmark } from './node.ts'

const bucketCount = 32
/** From a quarter of the benchmark's speed; each bucket is 8 % wide, so a median is off by 4 %. */
const lowest = 0.25
const step = 1.08
/** Beyond this every count is halved. */
const requestsMax = 200
/** Pages of so many accounts may come in any order before one that is repeated would count twice. */
const pagesKept = 8

/** Undefined where the page was folded before: there is nothing to write. */
export function foldSpeeds(
  before: LiveSpeed | undefined,
  benchmark: Pick<ObservedBenchmark, 'benchmarkId' | 'tokensPerSecondP50'>,
  page: { readonly pageId: string; readonly tokensPerSecond: readonly number[] },
): LiveSpeed | undefined {
  const { benchmarkId, tokensPerSecondP50: reference } = benchmark
  const past = before?.benchmarkId === benchmarkId ? before : undefined
  const known = past?.histogram
  if (known?.pages.includes(page.pageId)) return undefined
  const counts = Array.from({ length: bucketCount }, (_, index) => known?.counts[index] ?? 0)
  for (const speed of page.tokensPerSecond) {
    const index = bucketOf(speed / Math.max(reference, Number.EPSILON))
    counts[index] = (counts[index] ?? 0) + 1
  }
  const kept = forgetting(counts)
  const pages = [...(known?.pages ?? []), page.pageId].slice(-pagesKept)
  return {
    benchmarkId,
    requests: sumOf(kept),
    tokensPerSecondP50: reference * medianOf(kept),
    histogram: {
      counts: kept,
      pages,
      total: (past ? requestsEver(past) : 0) + page.tokensPerSecond.length,
      folds: (before?.histogram?.folds ?? 0) + 1,
    },
  }
}

/** How many requests there were under this benchmark, also those that were forgotten since. */
export const requestsEver = ({ histogram, requests }: LiveSpeed): number =>
  histogram?.total ?? requests

function bucketOf(ratio: number): number {
  const index = Math.floor(Math.log(Math.max(ratio, lowest) / lowest) / Math.log(step))
  return Math.min(bucketCount - 1, index)
}

function forgetting(counts: readonly number[]): readonly number[] {
  return sumOf(counts) <= requestsMax ? counts : forgetting(counts.map((one) => one >> 1))
}

/** The middle of the bucket that the median falls into. */
function medianOf(counts: readonly number[]): number {
  const half = sumOf(counts) / 2
  let below = 0
  const index = counts.findIndex((count) => {
    below += count
    return below >= half && below > 0
  })
  return lowest * step ** (Math.max(0, index) + 0.5)
}

const sumOf = (counts: readonly number[]): number => counts.reduce((sum, one) => sum + one, 0)
