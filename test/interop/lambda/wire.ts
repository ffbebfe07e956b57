/**
 * A wire to one port that a test cuts while the processes on it are frozen, and that carries nothing meanwhile:
 * what a process wrote with its last breath does not arrive before it runs again.
 */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** `forgotten`: it looks open, and whoever writes to it learns that the other side knows it no longer. */
export type HowEnded = 'closed' | 'reset' | 'forgotten'

/** `portOf` is asked at each connection, so that the wire may be there before what it leads to. */
export async function openWire(portOf: () => number) {
  const sockets = new Set<Socket>()
  const forgotten = new WeakSet<Socket>()
  let isHeld = false
  /** In the order in which it came. Few: who is on the wire stands still by then. */
  let waiting: (() => void)[] = []
  const inTurn = (act: () => void): void => {
    if (isHeld) waiting.push(act)
    else act()
  }
  let lagMs = 0
  const late = (act: () => void): void => {
    if (lagMs === 0) inTurn(act)
    else setTimeout(inTurn, lagMs, act)
  }
  const server = createServer((near) => {
    const far = connect(portOf(), '127.0.0.1')
    for (const [one, other, pass] of [
      [near, far, late],
      [far, near, inTurn],
    ] as const) {
      sockets.add(one)
      one.on('data', (bytes: Buffer) =>
        pass(() => {
          if (forgotten.has(one)) one.resetAndDestroy()
          else other.write(bytes)
        }),
      )
      one.once('end', () => pass(() => other.end()))
      one.on('error', () => other.destroy())
      one.once('close', () => sockets.delete(one))
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the wire has no port')

  /** Ends what is open; new connections go through. Says how many there were. */
  function endAll(how: HowEnded): number {
    const open = [...sockets]
    for (const socket of open) {
      if (how === 'closed') socket.end()
      else if (how === 'reset') socket.resetAndDestroy()
      else forgotten.add(socket)
    }
    return open.length / 2
  }
  return {
    url: `http://127.0.0.1:${address.port}`,
    endAll,
    /**
     * What is sent takes so long, so that it is still under way at a freeze that follows at once. Changed
     * only while nothing is.
     */
    lag: (ms: number) => {
      lagMs = ms
    },
    /** From here on nothing passes, in neither direction. */
    freeze: () => {
      isHeld = true
    },
    /** What waited passes now. */
    thaw: () => {
      isHeld = false
      const acts = waiting
      waiting = []
      for (const act of acts) act()
    },
    stop: async () => {
      endAll('reset')
      server.close()
      await once(server, 'close')
    },
  }
}

export const portOf = (url: string): number => Number(new URL(url).port)
