/** Wires the hosts' surface. */
import { makeAccountStore } from '../../src/adapters/dynamodb/account-store.ts'
import { makeCatalogueStore } from '../../src/adapters/dynamodb/catalogue-store.ts'
import { makeFleetStore } from '../../src/adapters/dynamodb/fleet-store.ts'
import { makeJoinCodeStore } from '../../src/adapters/dynamodb/join-code-store.ts'
import { makeJournalStore } from '../../src/adapters/dynamodb/journal-store.ts'
import { makeReceiptStore } from '../../src/adapters/dynamodb/receipt-store.ts'
import { isRouteAllowed } from '../../src/fleet/route-policy.ts'
import type { IngestDeps } from '../../src/ingest/app.ts'
import { deployedBeatIntervals } from '../../src/ingest/beat-interval.ts'
import { makeSigner } from '../../src/protocol/ed25519.ts'
import { composeBase, isOwnTrafficOf, log, system } from './parts.ts'

export async function composeIngest(
  env: Readonly<Record<string, string | undefined>>,
): Promise<IngestDeps> {
  const base = await composeBase(env, 'ingest')
  const { config, secrets, database } = base
  const root = makeSigner(secrets.ticket_root_key.private_key)
  return {
    ...system,
    log,
    stage: config.stage,
    fleet: makeFleetStore(database),
    accounts: makeAccountStore(database),
    catalogue: makeCatalogueStore(database),
    joinCodes: makeJoinCodeStore(database),
    journal: makeJournalStore(database),
    findExpired: makeReceiptStore(database).findExpired,
    isOwnTraffic: isOwnTrafficOf(base),
    challengeSecret: Buffer.from(secrets.enrolment_secret, 'base64url'),
    ticketRootPublicKeys: [root.publicKey],
    routeAllowed: (url) => isRouteAllowed(url, config.stage),
    beatIntervals: { ...deployedBeatIntervals, networkMs: config.beatIntervalMs },
    // Thousands of hosts may come back at once; the next pass, at most 15 s away, sees them all.
    recompute: async () => undefined,
  }
}
