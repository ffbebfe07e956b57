/** Wires the gateway: environment → adapters → use cases. */
import { makeFleetStore } from '../../src/adapters/dynamodb/fleet-store.ts'
import { makeHoldStore } from '../../src/adapters/dynamodb/hold-store.ts'
import { makeJournalStore } from '../../src/adapters/dynamodb/journal-store.ts'
import { makeKeyStore } from '../../src/adapters/dynamodb/key-store.ts'
import { makePoolStore } from '../../src/adapters/dynamodb/pool-store.ts'
import { makeReceiptStore } from '../../src/adapters/dynamodb/receipt-store.ts'
import { startAttempt } from '../../src/dispatch/attempt.ts'
import type { GatewayDeps } from '../../src/gateway/deps.ts'
import { makeFreshCache } from '../../src/gateway/fresh-cache.ts'
import { readShardFrom } from '../../src/gateway/read-shard.ts'
import { claimSecretOf, peppersOf, publishedKeysOf } from '../../src/keys/stage-secrets.ts'
import { repairWallet } from '../../src/ledger/sweep.ts'
import { attemptDepsOf, composeBase, log, receiptSignerOf, sweepDepsOf, system } from './parts.ts'

const freshMs = 5_000

export async function composeGateway(
  env: Readonly<Record<string, string | undefined>>,
): Promise<GatewayDeps> {
  const base = await composeBase(env, 'gateway')
  const { config, secrets, database } = base
  const sweep = sweepDepsOf(base)
  const pool = makePoolStore(database)
  const keys = makeKeyStore(database)
  const { nowMs } = system
  const catalogue = makeFreshCache(pool.readPublicCatalogue, { freshMs, nowMs })
  const attempts = attemptDepsOf(base)
  return {
    ...system,
    startAttempt: (order) => startAttempt(attempts, order),
    newNonce: () => system.ids.token(6),
    log,
    store: makeHoldStore(database),
    wallets: sweep.sweepStore,
    journal: makeJournalStore(database),
    receipts: makeReceiptStore(database),
    fleet: makeFleetStore(database),
    keys: makeFreshCache(keys.readByHash, { freshMs, nowMs }),
    shards: makeFreshCache(readShardFrom(pool, system.random), { freshMs, nowMs }),
    publicCatalogue: () => catalogue('public'),
    peppers: peppersOf(secrets),
    publishedKeys: publishedKeysOf(secrets),
    receiptSigner: receiptSignerOf(base),
    repair: (wallet) => repairWallet(sweep, wallet),
    claimSecret: claimSecretOf(secrets),
    deadlineMs: config.deadlineMs,
    leaseMs: config.deadlineMs + config.leaseMarginMs,
  }
}
