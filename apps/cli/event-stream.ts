/** Server-sent events of a reply as they come, bounded in size and in silence. */
import { createParser } from 'eventsource-parser'

const eventCharsMax = 4 * 1024 * 1024

/** The data of each event. Throws what reading throws: an abort, a broken connection. */
export async function* eventsOf(
  body: AsyncIterable<Uint8Array>,
  onActivity: () => void,
): AsyncGenerator<string> {
  const ready: string[] = []
  const failures: Error[] = []
  const parser = createParser({
    onEvent: ({ data }) => void ready.push(data),
    onError: (error) => void (error.type === 'max-buffer-size-exceeded' && failures.push(error)),
    maxBufferSize: eventCharsMax,
  })
  const decoder = new TextDecoder()
  for await (const piece of body) {
    onActivity()
    parser.feed(decoder.decode(piece, { stream: true }))
    yield* ready.splice(0)
    const [failure] = failures
    if (failure) throw failure
  }
}
