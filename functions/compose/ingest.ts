/** Wires the hosts' surface. */
import { makeCatalogueStore } from '../../src/adapters/dynamodb/catalogue-store.ts'
import { makeFleetStore } from '../../src/adapters/dynamodb/fleet-store.ts'
import { makeJoinCodeStore } from '../../src/adapters/dynamodb/join-code-store.ts'
import { isRouteAllowed } from '../../src/fleet/route-policy.ts'
import type { IngestDeps } from '../../src/ingest/app.ts'
import { deployedBeatIntervals } from '../../src/ingest/beat-interval.ts'
import { makeSigner } from '../../src/protocol/ed25519.ts'
import { composeBase, log, system } from './parts.ts'

export async function composeIngest(
  env: Readonly<Record<string, string | undefined>>,
): Promise<IngestDeps> {
  const { config, secrets, database } = await composeBase(env, 'ingest')
  const root = makeSigner(secrets.ticket_root_key.private_key)
  return {
    ...system,
    log,
    stage: config.stage,
    fleet: makeFleetStore(database),
    catalogue: makeCatalogueStore(database),
    joinCodes: makeJoinCodeStore(database),
    challengeSecret: Buffer.from(secrets.enrolment_secret, 'base64url'),
    ticketRootPublicKeys: [root.publicKey],
    routeAllowed: (url) => isRouteAllowed(url, config.stage),
    beatIntervals: { ...deployedBeatIntervals, networkMs: config.beatIntervalMs },
    // Thousands of hosts may come back at once; the next pass, at most 15 s away, sees them all.
    recompute: async () => undefined,
  }
}
