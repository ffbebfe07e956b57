/** Wires the hosts' surface. */
import { makeAccountStore } from '../../src/adapters/dynamodb/account-store.ts'
import { makeCatalogueStore } from '../../src/adapters/dynamodb/catalogue-store.ts'
import { makeFleetStore } from '../../src/adapters/dynamodb/fleet-store.ts'
import { makeJobStore } from '../../src/adapters/dynamodb/job-store.ts'
import { makeJoinCodeStore } from '../../src/adapters/dynamodb/join-code-store.ts'
import { makeJournalStore } from '../../src/adapters/dynamodb/journal-store.ts'
import { makeReceiptStore } from '../../src/adapters/dynamodb/receipt-store.ts'
import { makeReputationStore } from '../../src/adapters/dynamodb/reputation-store.ts'
import { makeAskCallerIdentity } from '../../src/adapters/sts/ask-caller-identity.ts'
import { isRouteAllowed } from '../../src/fleet/route-policy.ts'
import type { IngestDeps } from '../../src/ingest/app.ts'
import { deployedBeatIntervals } from '../../src/ingest/beat-interval.ts'
import { offerJobs } from '../../src/jobs/offer-jobs.ts'
import { publishedKeysOf } from '../../src/keys/stage-secrets.ts'
import { makeSigner } from '../../src/protocol/ed25519.ts'
import { isOwnTrafficOf } from './own-traffic.ts'
import { composeBase, log, system } from './parts.ts'
import { recomputeOf } from './recompute.ts'
import { tunnelsOf } from './tunnels.ts'

export async function composeIngest(
  env: Readonly<Record<string, string | undefined>>,
): Promise<IngestDeps> {
  const base = await composeBase(env, 'ingest')
  const { config, secrets, database } = base
  const jobKey = secrets.job_key
  const jobSigner = { keyId: jobKey.key_id, signer: makeSigner(jobKey.private_key) }
  const jobs = makeJobStore(database)
  return {
    ...system,
    log,
    stage: config.stage,
    fleet: makeFleetStore(database),
    accounts: makeAccountStore(database),
    catalogue: makeCatalogueStore(database),
    joinCodes: makeJoinCodeStore(database),
    journal: makeJournalStore(database),
    reputations: makeReputationStore(database),
    findExpired: makeReceiptStore(database).findExpired,
    isOwnTraffic: isOwnTrafficOf(base),
    challengeSecret: Buffer.from(secrets.enrolment_secret, 'base64url'),
    publishedKeys: publishedKeysOf(secrets),
    jobs,
    offerJobs: (listener) =>
      offerJobs({ ...system, jobs, jobSigner, stage: config.stage }, listener),
    routeAllowed: (url) => isRouteAllowed(url, config.stage),
    tunnels: tunnelsOf(base),
    instanceTrust:
      config.launchRole === undefined
        ? undefined
        : { role: config.launchRole, askCallerIdentity: makeAskCallerIdentity() },
    beatIntervals: { ...deployedBeatIntervals, networkMs: config.beatIntervalMs },
    recompute: recomputeOf(base),
  }
}
