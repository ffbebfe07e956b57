/** Runs work over a stream of items, a few at a time: a schedule's fan-out has a ceiling. */

/** One item's failure keeps no other from its turn; all failures are thrown together at the end. */
export async function forEachBounded<T>(
  items: AsyncIterable<T> | Iterable<T>,
  concurrency: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>()
  const failures: unknown[] = []
  try {
    for await (const item of items) {
      const run: Promise<void> = work(item)
        .catch((error) => void failures.push(error))
        .finally(() => running.delete(run))
      running.add(run)
      if (running.size >= concurrency) await Promise.race(running)
    }
  } finally {
    await Promise.all(running)
  }
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} items failed`)
}
