/** Wires the gateway: environment → adapters → use cases. */
import { makeClaimStore } from '../../src/adapters/dynamodb/claim-store.ts'
import { makeKeyReads } from '../../src/adapters/dynamodb/key-reads.ts'
import { makePoolReads } from '../../src/adapters/dynamodb/pool-reads.ts'
import { makeRequestMarkStore } from '../../src/adapters/dynamodb/request-mark-store.ts'
import { makeRequestMetrics } from '../../src/adapters/metrics.ts'
import { makeCancelWatch } from '../../src/gateway/cancel-watch.ts'
import type { GatewayDeps } from '../../src/gateway/deps.ts'
import { makeFreshCache } from '../../src/gateway/fresh-cache.ts'
import { readShardFrom } from '../../src/gateway/read-shard.ts'
import { claimSecretOf, peppersOf, publishedKeysOf } from '../../src/keys/stage-secrets.ts'
import { objectives } from '../../src/names.ts'
import { readOpenApi } from '../gateway/openapi-file.ts'
import { completeDepsOf } from './complete.ts'
import { composeBase, log, system } from './parts.ts'

const freshMs = 5_000

export async function composeGateway(
  env: Readonly<Record<string, string | undefined>>,
): Promise<GatewayDeps> {
  const base = await composeBase(env, 'gateway')
  const { secrets, database } = base
  const pool = makePoolReads(database)
  const keys = makeKeyReads(database)
  const { nowMs } = system
  const seldom = async () => (await import('./seldom-stores.ts')).seldomStores(database)
  const readAccount = async (id: string) => (await seldom()).accounts.readAccount(id)
  const requestMarks = makeRequestMarkStore(database)
  const catalogue = makeFreshCache(pool.readPublicCatalogue, { freshMs, nowMs })
  return {
    ...system,
    ...completeDepsOf(base),
    log,
    countRequest: makeRequestMetrics(base.config.stage),
    slowAfterMs: objectives.firstContent.withinMs,
    wallets: { readWallet: async (id) => (await seldom()).wallets.readWallet(id) },
    journal: { listEntries: async (...asked) => (await seldom()).journal.listEntries(...asked) },
    receipts: {
      findByHash: async (hash) => (await seldom()).receipts.findByHash(hash),
      readReceipt: async (...asked) => (await seldom()).receipts.readReceipt(...asked),
      listReceipts: async (...asked) => (await seldom()).receipts.listReceipts(...asked),
      listSince: async (...asked) => (await seldom()).receipts.listSince(...asked),
    },
    claims: makeClaimStore(database),
    requestMarks,
    watchCancel: makeCancelWatch({ ...system, store: requestMarks }),
    keys: makeFreshCache(keys.readByHash, { freshMs, nowMs }),
    accounts: makeFreshCache(readAccount, { freshMs, nowMs }),
    shards: readShardFrom(pool, { random: system.random, freshMs, nowMs }),
    publicCatalogue: () => catalogue('public'),
    peppers: peppersOf(secrets),
    publishedKeys: publishedKeysOf(secrets),
    readOpenApi,
    claimSecret: claimSecretOf(secrets),
  }
}
