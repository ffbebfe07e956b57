/** Wires the operators' surface and its bootstrap. */

import { makeAccountStore } from '../../src/adapters/dynamodb/account-store.ts'
import { makeCatalogueStore } from '../../src/adapters/dynamodb/catalogue-store.ts'
import { makeClosingStore } from '../../src/adapters/dynamodb/closing-store.ts'
import { makeFleetStore } from '../../src/adapters/dynamodb/fleet-store.ts'
import { makeJoinCodeStore } from '../../src/adapters/dynamodb/join-code-store.ts'
import { makeJournalStore } from '../../src/adapters/dynamodb/journal-store.ts'
import { makeKeyStore } from '../../src/adapters/dynamodb/key-store.ts'
import { makeOperatorKeyStore } from '../../src/adapters/dynamodb/operator-key-store.ts'
import { makePoolStore } from '../../src/adapters/dynamodb/pool-store.ts'
import { makeReceiptStore } from '../../src/adapters/dynamodb/receipt-store.ts'
import { makeSweepStore } from '../../src/adapters/dynamodb/sweep-store.ts'
import type { AdminDeps } from '../../src/admin/app.ts'
import type { BootstrapDeps } from '../../src/admin/bootstrap.ts'
import { peppersOf } from '../../src/keys/stage-secrets.ts'
import { recomputeEligibility } from '../../src/schedules/recompute-eligibility.ts'
import { type Base, composeBase, isOwnTrafficOf, log, system } from './parts.ts'

type Environment = Readonly<Record<string, string | undefined>>

export const composeAdmin = async (env: Environment): Promise<AdminDeps> =>
  adminDepsOf(await composeBase(env, 'admin'))

/** On AWS the function URL admits by IAM; a laptop has none, so a token from its secrets stands in. */
export async function composeBootstrap(env: Environment): Promise<BootstrapDeps> {
  const base = await composeBase(env, 'bootstrap')
  const token = base.secrets.bootstrap_token
  return {
    ...adminDepsOf(base),
    guard: base.config.isLocal ? { kind: 'token', token } : { kind: 'iam' },
  }
}

function adminDepsOf(base: Base) {
  const { database, secrets } = base
  const fleet = makeFleetStore(database)
  const catalogue = makeCatalogueStore(database)
  const pool = makePoolStore(database)
  return {
    ...system,
    log,
    fleet,
    catalogue,
    accounts: makeAccountStore(database),
    wallets: makeSweepStore(database),
    journal: makeJournalStore(database),
    closing: makeClosingStore(database),
    receipts: makeReceiptStore(database),
    isOwnTraffic: isOwnTrafficOf(base),
    keys: makeKeyStore(database),
    operators: makeOperatorKeyStore(database),
    joinCodes: makeJoinCodeStore(database),
    peppers: peppersOf(secrets),
    // An operator's change should show at once; it is rare enough to pay for a pass.
    recompute: async () => {
      try {
        await recomputeEligibility({ ...system, fleet, catalogue, pool })
      } catch (error) {
        // The change itself is written; the next pass of the schedule, seconds away, makes it show.
        log('recompute_failed', { message: error instanceof Error ? error.message : 'fault' })
      }
    },
  }
}
