/**
 * Hears of requests that their customers cancelled by id. The request and its cancel may meet different
 * processes that share nothing but the database, so a process asks it every 750 ms, in one read,
 * for all the requests that it runs.
 */
import type { RequestMarkStore } from '../ledger/request-marks.ts'
import type { Sleep } from '../protocol/clock.ts'

/** `signal` aborts within a second of a mark; `end` when the request is over. */
export type CancelWatch = (
  holdId: string,
  keyId: string,
) => { readonly signal: AbortSignal; readonly end: () => void }

/** Half of what a cancel may take; the rest is the host's. */
const readCancelsEveryMs = 750
const cancelsPerRead = 100

export function makeCancelWatch(deps: {
  readonly store: Pick<RequestMarkStore, 'readCancels'>
  readonly sleep: Sleep
}): CancelWatch {
  const running = new Map<string, { readonly keyId: string; readonly stop: AbortController }>()
  let isWatching = false

  const look = async () => {
    const holdIds = [...running.keys()]
    for (let first = 0; first < holdIds.length; first += cancelsPerRead) {
      // A read that fails is made again soon; until then nothing is cancelled.
      const page = holdIds.slice(first, first + cancelsPerRead)
      const marks = await deps.store.readCancels(page).catch(() => new Map<string, string>())
      for (const [holdId, keyId] of marks) {
        const request = running.get(holdId)
        if (request?.keyId === keyId) request.stop.abort()
      }
    }
  }

  const watch = async () => {
    if (isWatching) return
    isWatching = true
    while (running.size > 0) {
      await deps.sleep(readCancelsEveryMs)
      await look()
    }
    isWatching = false
  }

  return (holdId, keyId) => {
    const stop = new AbortController()
    running.set(holdId, { keyId, stop })
    void watch()
    return { signal: stop.signal, end: () => void running.delete(holdId) }
  }
}

/** For requests that no customer knows the id of. */
export const neverCancelled: CancelWatch = () => ({
  signal: new AbortController().signal,
  end: () => undefined,
})
