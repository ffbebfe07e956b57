/** A hold store some of whose replies, or whose requests, are lost on the way. */
import type { HoldStore } from '../../src/ledger/ports.ts'

type Write = Exclude<keyof HoldStore, 'readDecision'>

/** What becomes of each try of a write, in order; every later one goes through. */
export type Fate = 'request lost' | 'reply lost' | 'goes through'

export function losing(
  store: HoldStore,
  fates: Partial<Record<Write, readonly Fate[]>>,
): HoldStore {
  const left: Record<Write, Fate[]> = {
    reserve: [...(fates.reserve ?? [])],
    decide: [...(fates.decide ?? [])],
    settle: [...(fates.settle ?? [])],
  }
  const send = async <T>(write: Write, apply: () => Promise<T>) => {
    const fate = left[write].shift() ?? 'goes through'
    const reply = fate === 'request lost' ? undefined : await apply()
    return fate === 'goes through' && reply !== undefined ? reply : ({ kind: 'unknown' } as const)
  }
  return {
    ...store,
    reserve: (reservation) => send('reserve', () => store.reserve(reservation)),
    decide: (decision) => send('decide', () => store.decide(decision)),
    settle: (settlement) => send('settle', () => store.settle(settlement)),
  }
}
