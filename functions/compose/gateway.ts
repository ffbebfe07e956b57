/** Wires the gateway: environment → adapters → use cases. */
import { makeAccountStore } from '../../src/adapters/dynamodb/account-store.ts'
import { makeClaimStore } from '../../src/adapters/dynamodb/claim-store.ts'
import { makeJournalStore } from '../../src/adapters/dynamodb/journal-store.ts'
import { makeKeyStore } from '../../src/adapters/dynamodb/key-store.ts'
import { makePoolStore } from '../../src/adapters/dynamodb/pool-store.ts'
import { makeReceiptStore } from '../../src/adapters/dynamodb/receipt-store.ts'
import { makeRequestMarkStore } from '../../src/adapters/dynamodb/request-mark-store.ts'
import { makeSweepStore } from '../../src/adapters/dynamodb/sweep-store.ts'
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
  const pool = makePoolStore(database)
  const keys = makeKeyStore(database)
  const accounts = makeAccountStore(database)
  const { nowMs } = system
  const requestMarks = makeRequestMarkStore(database)
  const catalogue = makeFreshCache(pool.readPublicCatalogue, { freshMs, nowMs })
  return {
    ...system,
    ...completeDepsOf(base),
    log,
    countRequest: makeRequestMetrics(base.config.stage),
    slowAfterMs: objectives.firstContent.withinMs,
    wallets: makeSweepStore(database),
    journal: makeJournalStore(database),
    receipts: makeReceiptStore(database),
    claims: makeClaimStore(database),
    requestMarks,
    watchCancel: makeCancelWatch({ ...system, store: requestMarks }),
    keys: makeFreshCache(keys.readByHash, { freshMs, nowMs }),
    accounts: makeFreshCache(accounts.readAccount, { freshMs, nowMs }),
    shards: readShardFrom(pool, { random: system.random, freshMs, nowMs }),
    publicCatalogue: () => catalogue('public'),
    peppers: peppersOf(secrets),
    publishedKeys: publishedKeysOf(secrets),
    readOpenApi,
    claimSecret: claimSecretOf(secrets),
  }
}
