/** The end of a run: no new connections, what runs may end, and then no connections at all. */
import type { Clock } from './clock.ts'
import type { ProxyServer } from './proxy/server.ts'
import type { Slots } from './proxy/slots.ts'

const drainMs = 10_000

/** Resolves after `stop` has aborted and nothing runs any more. */
export async function drainAfter(
  stop: AbortSignal,
  deps: {
    readonly server: ProxyServer
    readonly slots: Pick<Slots, 'idle'>
    readonly clock: Clock
  },
): Promise<void> {
  await whenAborted(stop)
  deps.server.stopListening()
  const patience = new AbortController()
  await Promise.race([deps.slots.idle(), deps.clock.sleep(drainMs, patience.signal)])
  patience.abort()
  deps.server.closeConnections()
  await deps.slots.idle()
}

export function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
