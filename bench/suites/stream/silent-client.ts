/** A client with a connection of its own for each stream, which it begins to read and then leaves open. */
import http from 'node:http'

export type Asked = {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const beginsWithinMs = 15_000

/** Resolves with its first bytes, or with its end; throws where it is refused. */
export function openStream({ url, headers, body }: Asked, until: 'begun' | 'ended'): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      url,
      { method: 'POST', agent: false, headers: { ...headers, 'content-type': 'application/json' } },
      (response) => {
        response.once('data', (bytes: Buffer) => {
          clearTimeout(timer)
          if (response.statusCode !== 200) reject(new Error(`a stream was refused: ${bytes}`))
          else if (until === 'begun') resolve()
        })
        // It is cut off in the end, which then is no mistake.
        response.on('error', reject)
        response.on('end', resolve)
      },
    )
    const timer = setTimeout(
      () => request.destroy(new Error('a stream did not begin')),
      beginsWithinMs,
    )
    request.on('error', reject)
    request.end(body)
  })
}

/** So many, a few at a time: a crowd that comes at once waits for connections, and is turned away. */
export async function openStreams(
  count: number,
  askedOf: (at: number) => Asked,
  until: 'begun' | 'ended',
): Promise<void> {
  let next = 0
  const openOn = async (): Promise<void> => {
    while (next < count) {
      const at = next
      next += 1
      await openStream(askedOf(at), until)
    }
  }
  await Promise.all(Array.from({ length: 16 }, openOn))
}
