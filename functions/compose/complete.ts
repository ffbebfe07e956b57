/**
 * What a paid completion is made of, for whoever takes requests and for spot checks. What few requests need is
 * loaded with the first that does.
 */
import { readActiveList } from '../../src/adapters/dynamodb/active-incidents.ts'
import { makeHoldStore } from '../../src/adapters/dynamodb/hold-store.ts'
import { readHotItems } from '../../src/adapters/dynamodb/hot-reads.ts'
import { makeKeyReads } from '../../src/adapters/dynamodb/key-reads.ts'
import { recordProbe } from '../../src/adapters/dynamodb/probe-writes.ts'
import { cancelDispatch } from '../../src/dispatch/cancel.ts'
import { startOnCurrentRoute } from '../../src/dispatch/current-route.ts'
import type { FleetStore } from '../../src/fleet/ports.ts'
import type { CompleteDeps } from '../../src/gateway/complete.ts'
import { makeFreshCache } from '../../src/gateway/fresh-cache.ts'
import { incidentsFreshMs } from '../../src/gateway/paused.ts'
import type { ReadIncidents } from '../../src/incidents/ports.ts'
import type { Tokenizers } from '../../src/metering/tokenizer-cache.ts'
import type { BreakerStore } from '../../src/routing/ports.ts'
import { attemptDepsOf, type Base, receiptSignerOf, system } from './parts.ts'

export function completeDepsOf(base: Base): Omit<CompleteDeps, 'watchCancel'> {
  const { config, database } = base
  const attempts = { ...attemptDepsOf(base), fleet: { readNode: nodeReaderOf(base) } }
  return {
    ...system,
    startAttempt: (order) => startOnCurrentRoute(attempts, order),
    cancelDispatch: (dispatched) => cancelDispatch(attempts, dispatched),
    newNonce: () => system.ids.token(3),
    store: makeHoldStore(database),
    fleet: {
      readHotItems: (nodeIds) => readHotItems(database, nodeIds),
      recordProbe: (probe) => recordProbe(database, probe),
    },
    breakers: breakersOf(base),
    receiptSigner: receiptSignerOf(base),
    tokenizers: tokenizersOf(base),
    repair: async (wallet) => (await import('./sweep.ts')).repairOf(base)(wallet),
    readIncidents: readIncidentsOf(base),
    readKey: makeKeyReads(database).readById,
    deadlineMs: config.deadlineMs,
    leaseMs: config.deadlineMs + config.leaseMarginMs,
  }
}

/** What is paused, for whoever dispatches; read anew only every few seconds. */
export function readIncidentsOf({ database }: Pick<Base, 'database'>): ReadIncidents {
  const readActive = async () => (await readActiveList(database)).incidents
  const options = { freshMs: incidentsFreshMs, nowMs: system.nowMs }
  const kept = makeFreshCache(readActive, options)
  return async () => (await kept('active')) ?? []
}

/** Closed breakers, which most are, are neither read nor written. */
function breakersOf({ database }: Base): BreakerStore {
  const store = async () => {
    const { makeBreakerStore } = await import('../../src/adapters/dynamodb/breaker-store.ts')
    return makeBreakerStore(database, system)
  }
  return {
    countFailure: async (...failure) => (await store()).countFailure(...failure),
    takeTrial: async (...trial) => (await store()).takeTrial(...trial),
    close: async (...trial) => (await store()).close(...trial),
    giveBack: async (...trial) => (await store()).giveBack(...trial),
  }
}

/** For the few attempts that meet a node on another route than the pool's. */
function nodeReaderOf({ database }: Base): FleetStore['readNode'] {
  return async (nodeId) => {
    const { makeFleetReads } = await import('../../src/adapters/dynamodb/fleet-rows.ts')
    return makeFleetReads(database).readNode(nodeId)
  }
}

/** Undefined where no artifacts are kept. */
function tokenizersOf({ config: { artifactsFolder } }: Base): Tokenizers | undefined {
  if (artifactsFolder === undefined) return undefined
  let tokenizers: Tokenizers | undefined
  return {
    open: async (digest) => {
      const { tokenizersIn } = await import('./tokenizers.ts')
      tokenizers ??= tokenizersIn(artifactsFolder)
      return tokenizers.open(digest)
    },
  }
}
