/** One node judged anew, for every deployable whose writes can open or close one of its gates. */
import { makeCatalogueStore } from '../../src/adapters/dynamodb/catalogue-store.ts'
import { makeFleetStore } from '../../src/adapters/dynamodb/fleet-store.ts'
import { makePoolStore } from '../../src/adapters/dynamodb/pool-store.ts'
import type { FleetStore, Recompute } from '../../src/fleet/ports.ts'
import { recomputeNode } from '../../src/schedules/recompute-node.ts'
import { type Base, log, system } from './parts.ts'

export function recomputeOf({ database }: Pick<Base, 'database'>): Recompute {
  const deps = {
    ...system,
    fleet: makeFleetStore(database),
    catalogue: makeCatalogueStore(database),
    pool: makePoolStore(database),
  }
  return async (nodeId, formerModels) => {
    try {
      await recomputeNode(deps, nodeId, formerModels)
    } catch (error) {
      // The change itself is written; the next pass of the schedule, seconds away, makes it show.
      log('recompute_failed', { nodeId, message: error instanceof Error ? error.message : 'fault' })
    }
  }
}

/** A new benchmark opens its profile's gate, or moves it among the candidates, at once. */
export const showingEvidence = (fleet: FleetStore, recompute: Recompute): FleetStore => ({
  ...fleet,
  writeBenchmark: async (at, benchmark) => {
    const isWritten = await fleet.writeBenchmark(at, benchmark)
    if (isWritten) await recompute(at.nodeId)
    return isWritten
  },
})
