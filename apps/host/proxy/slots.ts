/**
 * The truth about load. A slot is taken before anything of a dispatch is read and given back when
 * its reply has ended, so no two dispatches ever share one.
 */
import { assert } from '../../../src/protocol/assert.ts'
import type { NodeLoad } from '../../../src/protocol/ticket.ts'

export type Slots = {
  /** Undefined when the node or this runtime is full; else gives the slot back, once. */
  readonly take: (runtimeId: string, capacity: number) => (() => void) | undefined
  /** Of one runtime, or of all. */
  readonly inFlight: (runtimeId?: string) => number
  /** Of this runtime where it is the one that is full, else of the node. */
  readonly load: (runtime?: { readonly id: string; readonly capacity: number }) => NodeLoad
  /** Resolves when no slot is taken. */
  readonly idle: () => Promise<void>
}

/** `nodeCapacity` may change at any time; what runs goes on. */
export function makeSlots(nodeCapacity: () => number): Slots {
  const taken = new Map<string, number>()
  let total = 0
  let waiting: (() => void)[] = []

  function release(runtimeId: string): void {
    taken.set(runtimeId, (taken.get(runtimeId) ?? 0) - 1)
    total -= 1
    assert(total >= 0, 'a slot is given back once', { runtimeId, total })
    if (total > 0) return
    for (const resolve of waiting) resolve()
    waiting = []
  }

  return {
    take: (runtimeId, capacity) => {
      const here = taken.get(runtimeId) ?? 0
      if (total >= nodeCapacity() || here >= capacity) return undefined
      taken.set(runtimeId, here + 1)
      total += 1
      let held = true
      return () => {
        assert(held, 'a slot is given back once', { runtimeId })
        held = false
        release(runtimeId)
      }
    },
    load: (runtime) => {
      const here = runtime === undefined ? 0 : (taken.get(runtime.id) ?? 0)
      const isRuntimeFull = runtime !== undefined && here >= runtime.capacity
      return isRuntimeFull
        ? { running: here, slots: runtime.capacity }
        : { running: total, slots: nodeCapacity() }
    },
    inFlight: (runtimeId) => (runtimeId === undefined ? total : (taken.get(runtimeId) ?? 0)),
    idle: () =>
      total === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            waiting.push(resolve)
          }),
  }
}
