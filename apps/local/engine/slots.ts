// The engine's places: as many requests run as there are slots, a bounded number wait in order of
// arrival, and a request that gives up waiting leaves the queue at once.

export type Slot = { readonly id: number; release(): void }

export type Acquired =
  | { readonly ok: true; readonly slot: Slot }
  | { readonly ok: false; readonly reason: 'queue_full' | 'timed_out' | 'aborted' }

export type SlotLimits = {
  readonly count: number
  readonly deferredMax: number
  readonly waitMsMax: number
}

export const makeSlots = ({ count, deferredMax, waitMsMax }: SlotLimits) => {
  const idle = Array.from({ length: count }, (_, id) => id)
  const waiting: ((id: number) => void)[] = []

  const take = (id: number): Acquired => {
    let released = false
    const release = () => {
      if (released) return
      released = true
      const next = waiting.shift()
      if (next === undefined) idle.push(id)
      else next(id)
    }
    return { ok: true, slot: { id, release } }
  }

  const wait = (signal: AbortSignal): Promise<Acquired> =>
    new Promise((resolve) => {
      const leave = (acquired: Acquired) => {
        clearTimeout(timer)
        signal.removeEventListener('abort', abort)
        resolve(acquired)
      }
      const serve = (id: number) => leave(take(id))
      const giveUp = (reason: 'timed_out' | 'aborted') => {
        waiting.splice(waiting.indexOf(serve), 1)
        leave({ ok: false, reason })
      }
      const abort = () => giveUp('aborted')
      const timer = setTimeout(() => giveUp('timed_out'), waitMsMax)
      signal.addEventListener('abort', abort)
      waiting.push(serve)
    })

  return {
    async acquire(signal: AbortSignal): Promise<Acquired> {
      if (signal.aborted) return { ok: false, reason: 'aborted' }
      const id = idle.shift()
      if (id !== undefined) return take(id)
      if (waiting.length >= deferredMax) return { ok: false, reason: 'queue_full' }
      return wait(signal)
    },
    deferred: (): number => waiting.length,
    processing: (): number => count - idle.length,
    /** One entry per slot, in order of id. */
    states: (): readonly { readonly id: number; readonly isProcessing: boolean }[] =>
      Array.from({ length: count }, (_, id) => ({ id, isProcessing: !idle.includes(id) })),
  }
}

export type Slots = ReturnType<typeof makeSlots>
