/** Six ports in a row, all free, or one sentence that names the one that is not. */
import { createServer } from 'node:net'
import { StatedError } from '../host/stated-error.ts'

export type Ports = {
  readonly gateway: number
  readonly ingest: number
  readonly admin: number
  readonly host: number
  readonly engine: number
  readonly dynamodb: number
}

export async function claimPorts(first: number): Promise<Ports> {
  for (let port = first; port < first + 6; port += 1) {
    if (!(await isFree(port))) {
      throw new StatedError(
        `Port ${port} is in use: stop what listens there, or choose others with --port N.`,
      )
    }
  }
  return {
    gateway: first,
    ingest: first + 1,
    admin: first + 2,
    host: first + 3,
    engine: first + 4,
    dynamodb: first + 5,
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
