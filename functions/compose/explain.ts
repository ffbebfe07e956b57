/** Wires the dry run of requests for the operators' surface: readers of stores, and nothing that writes. */
import { makeCatalogueStore } from '../../src/adapters/dynamodb/catalogue-store.ts'
import { makeFleetStore } from '../../src/adapters/dynamodb/fleet-store.ts'
import { makeIncidentStore } from '../../src/adapters/dynamodb/incident-store.ts'
import { makeKeyStore } from '../../src/adapters/dynamodb/key-store.ts'
import { makePoolStore } from '../../src/adapters/dynamodb/pool-store.ts'
import { makeSweepStore } from '../../src/adapters/dynamodb/sweep-store.ts'
import type { RouteExplainDeps } from '../../src/admin/route-explain.ts'
import { explainRoute } from '../../src/gateway/explain.ts'
import { readShardFrom } from '../../src/gateway/read-shard.ts'
import { type Base, system } from './parts.ts'

/** Whoever asks wants to know how things stand now: nothing is kept. */
const freshMs = 0

export function explainRouteOf({
  database,
  config,
}: Pick<Base, 'database' | 'config'>): RouteExplainDeps['explainRoute'] {
  const deps = {
    ...system,
    keys: makeKeyStore(database),
    wallets: makeSweepStore(database),
    catalogue: makeCatalogueStore(database),
    fleet: makeFleetStore(database),
    shards: readShardFrom(makePoolStore(database), { ...system, freshMs }),
    readIncidents: makeIncidentStore(database).readActive,
    leaseMs: config.deadlineMs + config.leaseMarginMs,
  }
  return (asked) => explainRoute(deps, asked)
}
