/** Writes of the catalogue and of what the schedules rebuild: prices, pool shards, the public list. */
import { makeCatalogueStore } from '../../src/adapters/dynamodb/catalogue-store.ts'
import type { Database } from '../../src/adapters/dynamodb/client.ts'
import { makePoolStore } from '../../src/adapters/dynamodb/pool-store.ts'
import { type PoolShard, toShards } from '../../src/fleet/pool.ts'
import { aCandidate, aModel, nowMs } from '../adapters/dynamodb/facts.ts'
import type { WriteCase } from './write-case.ts'

const model = aModel()
const candidates = Array.from({ length: 100 }, () => aCandidate())

const shardsOf = (count: number): PoolShard[] =>
  toShards(
    { ...model, version: 1 },
    { candidates: candidates.slice(0, count), excludedBy: [] },
    { nowMs, grace: undefined },
  )

const withShards = (count: number) => (database: Database) =>
  makePoolStore(database).writeShards(model.id, shardsOf(count))

const catalogueOf = (builtAtMs: number) => ({ builtAtMs, models: [] })

export const catalogueCases: readonly WriteCase[] = [
  {
    file: 'catalogue-store',
    method: 'putModel',
    as: 'of a new model',
    write: (database) => makeCatalogueStore(database).putModel(model),
  },
  {
    file: 'catalogue-store',
    method: 'putModel',
    as: 'of a changed model',
    given: (database) => makeCatalogueStore(database).putModel(model),
    write: (database) => makeCatalogueStore(database).putModel({ ...model, name: 'Renamed' }),
  },
  {
    file: 'pool-store',
    method: 'writeShards',
    as: 'of a pool that grows',
    given: withShards(1),
    write: withShards(65),
  },
  {
    file: 'pool-store',
    method: 'writeShards',
    as: 'of a pool that shrinks',
    given: withShards(100),
    write: withShards(33),
  },
  {
    file: 'pool-store',
    method: 'writePublicCatalogue',
    as: 'again',
    given: (database) => makePoolStore(database).writePublicCatalogue(catalogueOf(nowMs)),
    write: (database) => makePoolStore(database).writePublicCatalogue(catalogueOf(nowMs + 1)),
  },
]
