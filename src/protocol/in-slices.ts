/** Does the same for many items, a few at a time, so that one call cannot take every connection. */

const slice = 8

/** Answers in the order of the items. The first failure ends it after its own slice. */
export async function inSlices<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const done: R[] = []
  for (let from = 0; from < items.length; from += slice) {
    done.push(...(await Promise.all(items.slice(from, from + slice).map(work))))
  }
  return done
}
