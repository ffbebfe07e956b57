/** Several queries, each in the order of its sort keys, as one in that order. */
import type { Item } from './client/attribute-values.ts'

export async function* mergeAscending(
  streams: readonly AsyncGenerator<Item>[],
  keyOf: (item: Item) => string,
): AsyncGenerator<Item> {
  const next = async (stream: AsyncGenerator<Item>) => {
    const { value, done } = await stream.next()
    return done ? [] : [{ stream, item: value, key: Buffer.from(keyOf(value)) }]
  }
  try {
    let heads = (await Promise.all(streams.map(next))).flat()
    for (;;) {
      // By bytes, as the database orders them; a handful of streams need no heap.
      const [least] = heads.toSorted((one, other) => one.key.compare(other.key))
      if (!least) return
      yield least.item
      const following = await next(least.stream)
      heads = [...heads.filter((head) => head !== least), ...following]
    }
  } finally {
    await Promise.all(streams.map((stream) => stream.return(undefined)))
  }
}
