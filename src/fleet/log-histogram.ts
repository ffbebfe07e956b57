/**
 * Quantiles of a stream in bounded memory. Values fall into buckets that grow by 2 %, so that an
 * answer is within 1 % of a value that was seen, however many were.
 */
import { assert } from '../protocol/assert.ts'

export type LogHistogram = {
  readonly add: (value: number) => void
  /** The smallest seen value that `share` (0 to 1) of all do not exceed; 0 without any. */
  readonly quantile: (share: number) => number
}

const growth = 1.02
/** From a thousandth to a thousand million: what is measured in ms or tokens per second lies between. */
const [lowest, highest] = [1e-3, 1e9]
/** About 1,400: what one histogram can ever hold. */
const bucketOf = (value: number): number =>
  Math.floor(Math.log(Math.min(highest, Math.max(lowest, value))) / Math.log(growth))
const middleOf = (bucket: number): number => growth ** (bucket + 0.5)

export function makeLogHistogram(): LogHistogram {
  const counts = new Map<number, number>()
  let total = 0
  let [least, most] = [Number.POSITIVE_INFINITY, 0]
  return {
    add: (value) => {
      assert(Number.isFinite(value) && value >= 0, 'a measure is a number of at least 0', { value })
      const bucket = bucketOf(value)
      counts.set(bucket, (counts.get(bucket) ?? 0) + 1)
      total += 1
      least = Math.min(least, value)
      most = Math.max(most, value)
    },
    quantile: (share) => {
      let left = Math.max(1, Math.ceil(share * total))
      for (const bucket of [...counts.keys()].sort((one, other) => one - other)) {
        left -= counts.get(bucket) ?? 0
        if (left <= 0) return Math.min(most, Math.max(least, middleOf(bucket)))
      }
      return 0
    },
  }
}
