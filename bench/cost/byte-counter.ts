/** A wire that counts what comes back over it, headers included. */
import { connect, createServer } from 'node:net'

export type ByteCounter = {
  readonly url: string
  /** Bytes of replies since the last call. */
  readonly take: () => number
  readonly stop: () => void
}

export async function startByteCounter(toPort: number): Promise<ByteCounter> {
  let bytes = 0
  const server = createServer((near) => {
    const far = connect(toPort, '127.0.0.1')
    far.on('data', (chunk) => {
      bytes += chunk.byteLength
    })
    far.on('error', () => near.destroy())
    near.on('error', () => far.destroy())
    near.pipe(far).pipe(near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('The counter has no port.')
  return {
    url: `http://127.0.0.1:${address.port}`,
    take: () => {
      const taken = bytes
      bytes = 0
      return taken
    },
    stop: () => server.close(),
  }
}
