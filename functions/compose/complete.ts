/** What a paid completion is made of, for whoever takes requests and for spot checks. */
import { makeArtifactFolder } from '../../src/adapters/artifacts/artifact-folder.ts'
import { makeTokenizerThread } from '../../src/adapters/artifacts/tokenizer-thread.ts'
import { makeBreakerStore } from '../../src/adapters/dynamodb/breaker-store.ts'
import { makeFleetStore } from '../../src/adapters/dynamodb/fleet-store.ts'
import { makeHoldStore } from '../../src/adapters/dynamodb/hold-store.ts'
import { makeIncidentStore } from '../../src/adapters/dynamodb/incident-store.ts'
import { makeKeyStore } from '../../src/adapters/dynamodb/key-store.ts'
import { cancelDispatch } from '../../src/dispatch/cancel.ts'
import { startOnCurrentRoute } from '../../src/dispatch/current-route.ts'
import type { CompleteDeps } from '../../src/gateway/complete.ts'
import { makeFreshCache } from '../../src/gateway/fresh-cache.ts'
import { incidentsFreshMs } from '../../src/gateway/paused.ts'
import type { ReadIncidents } from '../../src/incidents/ports.ts'
import { repairWallet } from '../../src/ledger/sweep.ts'
import { makeTokenizers, type Tokenizers } from '../../src/metering/tokenizer-cache.ts'
import { attemptDepsOf, type Base, log, receiptSignerOf, sweepDepsOf, system } from './parts.ts'

export function completeDepsOf(base: Base): Omit<CompleteDeps, 'watchCancel'> {
  const { config, database } = base
  const sweep = sweepDepsOf(base)
  const fleet = makeFleetStore(database)
  const attempts = { ...attemptDepsOf(base), fleet }
  return {
    ...system,
    startAttempt: (order) => startOnCurrentRoute(attempts, order),
    cancelDispatch: (dispatched) => cancelDispatch(attempts, dispatched),
    newNonce: () => system.ids.token(3),
    store: makeHoldStore(database),
    fleet,
    breakers: makeBreakerStore(database, system),
    receiptSigner: receiptSignerOf(base),
    tokenizers: tokenizersOf(base),
    repair: (wallet) => repairWallet(sweep, wallet),
    readIncidents: readIncidentsOf(base),
    readKey: makeKeyStore(database).readById,
    deadlineMs: config.deadlineMs,
    leaseMs: config.deadlineMs + config.leaseMarginMs,
  }
}

/** What is paused, for whoever dispatches; read anew only every few seconds. */
export function readIncidentsOf({ database }: Pick<Base, 'database'>): ReadIncidents {
  const { readActive } = makeIncidentStore(database)
  const options = { freshMs: incidentsFreshMs, nowMs: system.nowMs }
  const kept = makeFreshCache(readActive, options)
  return async () => (await kept('active')) ?? []
}

function tokenizersOf({ config: { artifactsFolder: folder } }: Base): Tokenizers | undefined {
  if (folder === undefined) return undefined
  return makeTokenizers({
    ...system,
    ...makeArtifactFolder(folder),
    runner: makeTokenizerThread(),
    onFailure: (failure) => log('tokenizer_unavailable', failure),
  })
}
