/** Wires the operators' surface and its bootstrap. */

import { makeAccountStore } from '../../src/adapters/dynamodb/account-store.ts'
import { makeAuditStore } from '../../src/adapters/dynamodb/audit-store.ts'
import { makeBreakerStore } from '../../src/adapters/dynamodb/breaker-store.ts'
import { makeCatalogueStore } from '../../src/adapters/dynamodb/catalogue-store.ts'
import { makeClosingStore } from '../../src/adapters/dynamodb/closing-store.ts'
import { makeFleetStore } from '../../src/adapters/dynamodb/fleet-store.ts'
import { makeIncidentStore } from '../../src/adapters/dynamodb/incident-store.ts'
import { makeJobStore } from '../../src/adapters/dynamodb/job-store.ts'
import { makeJoinCodeStore } from '../../src/adapters/dynamodb/join-code-store.ts'
import { makeJournalStore } from '../../src/adapters/dynamodb/journal-store.ts'
import { makeKeyStore } from '../../src/adapters/dynamodb/key-store.ts'
import { makeOperatorKeyStore } from '../../src/adapters/dynamodb/operator-key-store.ts'
import { makeReceiptStore } from '../../src/adapters/dynamodb/receipt-store.ts'
import { makeReputationStore } from '../../src/adapters/dynamodb/reputation-store.ts'
import { makeRolloutStore } from '../../src/adapters/dynamodb/rollout-store.ts'
import { makeSpendStore } from '../../src/adapters/dynamodb/spend-store.ts'
import { makeSpotCheckStore } from '../../src/adapters/dynamodb/spot-check-store.ts'
import { makeSweepStore } from '../../src/adapters/dynamodb/sweep-store.ts'
import type { AdminDeps } from '../../src/admin/app.ts'
import type { BootstrapDeps } from '../../src/admin/bootstrap.ts'
import { claimSecretOf, peppersOf } from '../../src/keys/stage-secrets.ts'
import { explainRouteOf } from './explain.ts'
import { isOwnTrafficOf } from './own-traffic.ts'
import { type Base, composeBase, log, system } from './parts.ts'
import { recomputeOf } from './recompute.ts'
import { tunnelsOf } from './tunnels.ts'

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
  return {
    ...system,
    log,
    fleet,
    breakers: makeBreakerStore(database, system),
    catalogue,
    accounts: makeAccountStore(database),
    wallets: makeSweepStore(database),
    journal: makeJournalStore(database),
    reputations: makeReputationStore(database),
    closing: makeClosingStore(database),
    receipts: makeReceiptStore(database),
    isOwnTraffic: isOwnTrafficOf(base),
    keys: makeKeyStore(database),
    operators: makeOperatorKeyStore(database),
    joinCodes: makeJoinCodeStore(database),
    jobs: makeJobStore(database),
    rollouts: makeRolloutStore(database),
    spend: makeSpendStore(database, system),
    spotChecks: makeSpotCheckStore(database),
    audit: makeAuditStore(database),
    incidents: makeIncidentStore(database),
    claimSecret: claimSecretOf(secrets),
    explainRoute: explainRouteOf(base),
    tunnels: tunnelsOf(base),
    peppers: peppersOf(secrets),
    recompute: recomputeOf(base),
  }
}
