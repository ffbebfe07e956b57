/** Writes many items a few at a time, so that one large call cannot take every connection. */

const slice = 8

/** The first failure ends it after its own slice. */
export async function inSlices<T>(
  items: readonly T[],
  write: (item: T) => Promise<unknown>,
): Promise<void> {
  for (let from = 0; from < items.length; from += slice) {
    await Promise.all(items.slice(from, from + slice).map(write))
  }
}
