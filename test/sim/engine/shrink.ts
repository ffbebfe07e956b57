/**
 * From a failing plan to the smallest one that fails in the same way. A plan is data, and every
 * operation has chances of its own, so leaving one out changes nothing about the others.
 */
import { type FaultRates, faultNames, withoutFault } from './faults.ts'

/** What a seed stands for: what is done, and what goes wrong meanwhile. */
export type Plan<Operation> = {
  readonly seed: number
  readonly faults: FaultRates
  readonly operations: readonly Operation[]
}

/** Runs of the history that one shrinking may cost. */
const runsMax = 2_000

/**
 * `fails` says whether a plan still breaks the same promise. The result breaks it as well; no single
 * operation or fault can be taken out of it, unless the budget of runs ended first.
 */
export async function shrink<P extends Plan<unknown>>(
  plan: P,
  fails: (plan: P) => Promise<boolean>,
): Promise<P> {
  let smallest = plan
  let runs = 0
  const take = async (smaller: P): Promise<boolean> => {
    if (runs >= runsMax) return false
    runs += 1
    const isSame = await fails(smaller)
    if (isSame) smallest = smaller
    return isSame
  }
  let before: P
  do {
    before = smallest
    for (const name of faultNames) {
      if (smallest.faults[name] === 0) continue
      await take({ ...smallest, faults: withoutFault(smallest.faults, name) })
    }
    await removeOperations(() => smallest, take)
  } while (smallest !== before)
  return smallest
}

/** Halves first, then ever smaller runs of neighbours, then single ones. */
async function removeOperations<P extends Plan<unknown>>(
  current: () => P,
  take: (smaller: P) => Promise<boolean>,
): Promise<void> {
  let size = Math.ceil(current().operations.length / 2)
  while (size >= 1) {
    let from = 0
    while (from < current().operations.length) {
      const plan = current()
      const operations = plan.operations.filter((_, at) => at < from || at >= from + size)
      const isTaken = await take({ ...plan, operations })
      if (!isTaken) from += size
    }
    size = size === 1 ? 0 : Math.ceil(size / 2)
  }
}
