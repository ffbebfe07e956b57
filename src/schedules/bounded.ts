/** Runs work over a stream of items, a few at a time: a schedule's fan-out has a ceiling. */
export async function forEachBounded<T>(
  items: AsyncIterable<T>,
  concurrency: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>()
  for await (const item of items) {
    const run: Promise<void> = work(item).finally(() => running.delete(run))
    running.add(run)
    if (running.size >= concurrency) await Promise.race(running)
  }
  await Promise.all(running)
}
