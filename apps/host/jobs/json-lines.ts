/** One JSON value per line of a stream, with no line longer than a bound. */
import type * as z from 'zod'

const lineCharsMax = 64 * 1024

/** Throws for a line that is too long, no JSON, or of another shape. */
export async function* jsonLines<T>(
  stream: AsyncIterable<Uint8Array>,
  schema: z.ZodType<T>,
): AsyncGenerator<T> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const piece of stream) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > lineCharsMax) throw new Error('a line is too long')
    for (const line of lines) if (line.trim() !== '') yield schema.parse(JSON.parse(line))
  }
  if (rest.trim() !== '') yield schema.parse(JSON.parse(rest))
}
