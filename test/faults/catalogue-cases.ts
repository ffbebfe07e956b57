/** Writes of the catalogue and of what the schedules rebuild: prices, pool shards, the public list. */
import { makeCatalogueStore } from '../../src/adapters/dynamodb/catalogue-store.ts'
import type { Database } from '../../src/adapters/dynamodb/client.ts'
import { makePoolStore } from '../../src/adapters/dynamodb/pool-store.ts'
import { aCandidate, aModel, nowMs } from '../adapters/dynamodb/facts.ts'
import { packOf, writePool } from '../support/write-pool.ts'
import type { WriteCase } from './write-case.ts'

const model = aModel()
const priced = { ...model, version: 1 }
const candidates = Array.from({ length: 8 }, () => aCandidate())
const [candidate = aCandidate()] = candidates

const pooled = (shards: number) => (database: Database) =>
  writePool(makePoolStore(database), priced, candidates, { builtAtMs: nowMs, shards })
const packed = (database: Database, count: number) =>
  packOf(makePoolStore(database), candidates.slice(0, count))

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
    method: 'writeShard',
    as: 'over another',
    given: pooled(1),
    write: (database) => makePoolStore(database).writeShard(model.id, 0, packed(database, 3)),
  },
  ...[1, 4].map(
    (count): WriteCase => ({
      file: 'pool-store',
      method: 'replaceShard',
      as: count === 1 ? 'as it was found' : 'that changed since',
      given: pooled(1),
      write: async (database) => {
        const store = makePoolStore(database)
        const found = await store.findShard(model.id, candidate.nodeId)
        const from = { index: 0, candidates: [], version: 'none', ...(count === 1 ? found : {}) }
        return store.replaceShard(model.id, from, packed(database, count))
      },
    }),
  ),
  ...[3, 1].map(
    (shards): WriteCase => ({
      file: 'pool-store',
      method: 'writeHead',
      as: shards === 3 ? 'of a pool that grows' : 'of a pool that shrinks',
      given: pooled(2),
      write: (database) =>
        makePoolStore(database).writeHead({
          model: priced,
          builtAtMs: nowMs + 1,
          shards,
          excludedBy: [],
        }),
    }),
  ),
  {
    file: 'pool-store',
    method: 'writePublicCatalogue',
    as: 'again',
    given: (database) => makePoolStore(database).writePublicCatalogue(catalogueOf(nowMs)),
    write: (database) => makePoolStore(database).writePublicCatalogue(catalogueOf(nowMs + 1)),
  },
]
