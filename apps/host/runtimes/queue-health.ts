/**
 * What a runtime's load means for the next request. Unhealthy and blocked stop dispatches, busy only
 * makes others preferred; each comes with a sentence for the owner.
 */
import type { RuntimeReport } from '../../../src/protocol/heartbeat.ts'

export type LoadFacts = {
  readonly reachable: boolean
  /** Answers its health check. */
  readonly healthy: boolean
  /** Why the engine takes no work although it answers; undefined while it does. */
  readonly paused: string | undefined
  readonly running: number
  readonly waiting: number
  readonly waitingForCapacity: number
  readonly capacity: number
  /** 0 to 1; undefined where it is not told. */
  readonly kvUsage: number | undefined
  /** Since the last token while something runs; undefined where nothing would tell. */
  readonly stalledMs: number | undefined
}

export type LoadVerdict = Pick<RuntimeReport['queue'], 'health' | 'reason'>

export const stalledMsMax = 30_000
const kvUsageBusy = 0.95

export function queueHealth(facts: LoadFacts): LoadVerdict {
  const { running, waiting, capacity, kvUsage = 0, stalledMs = 0 } = facts
  if (!facts.reachable) {
    return {
      health: 'unhealthy',
      reason: 'The runtime does not answer: start it or correct its address.',
    }
  }
  if (!facts.healthy) {
    return {
      health: 'unhealthy',
      reason: 'The runtime says it is not ready: wait while it loads, else restart it.',
    }
  }
  if (facts.paused !== undefined) return { health: 'blocked', reason: facts.paused }
  if (running > 0 && stalledMs >= stalledMsMax) {
    const seconds = Math.floor(stalledMs / 1000)
    return { health: 'blocked', reason: `No token for ${seconds} s: restart the runtime.` }
  }
  const busy = busyReason({ ...facts, kvUsage, running, waiting, capacity })
  return busy === undefined ? { health: 'ok', reason: null } : { health: 'busy', reason: busy }
}

function busyReason(facts: LoadFacts & { readonly kvUsage: number }): string | undefined {
  const { running, waiting, waitingForCapacity, capacity, kvUsage } = facts
  if (running >= capacity) return `All slots are taken (${running} of ${capacity}).`
  if (waiting >= capacity) return `${waiting} requests wait for ${capacity} slots.`
  if (waitingForCapacity > 0) return 'Requests wait because the engine is full.'
  if (kvUsage >= kvUsageBusy) return `The KV cache is ${Math.round(kvUsage * 100)} % full.`
  return undefined
}
