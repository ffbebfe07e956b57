/** The end of a run: no new connections, what runs may end, and then no connections at all. */
import type { Clock } from './clock.ts'
import type { ProxyServer } from './proxy/server.ts'
import type { Slots } from './proxy/slots.ts'
import { reclaimed } from './spot-watch.ts'

const drainMs = 10_000
/** Of the 120 s until EC2 takes the instance, less what it takes to notice and to close. */
const reclaimedDrainMs = 100_000
/** Without a connection a dispatch ends at once, unless it has a bug. */
const closeMs = 5_000

/** Resolves after `stop` has aborted and nothing runs any more, or 15 s later; 105 s where EC2 gave notice. */
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
  await idleWithin(stop.reason === reclaimed ? reclaimedDrainMs : drainMs, deps)
  deps.server.closeConnections()
  await idleWithin(closeMs, deps)
}

async function idleWithin(
  limitMs: number,
  { slots, clock }: { readonly slots: Pick<Slots, 'idle'>; readonly clock: Clock },
): Promise<void> {
  const patience = new AbortController()
  await Promise.race([slots.idle(), clock.sleep(limitMs, patience.signal)])
  patience.abort()
}

export function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
