/**
 * Ingest, admin and bootstrap over one embedded database, as a deployed stage has them, with a clock
 * that the test moves. Everything is real but the clock, the log and the judging of the whole fleet.
 */
import { monotonicFactory } from 'ulid'
import * as z from 'zod'
import { isOwnTrafficOf } from '../../functions/compose/own-traffic.ts'
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
import { makePoolStore } from '../../src/adapters/dynamodb/pool-store.ts'
import { makeReceiptStore } from '../../src/adapters/dynamodb/receipt-store.ts'
import { makeReputationStore } from '../../src/adapters/dynamodb/reputation-store.ts'
import { makeRolloutStore } from '../../src/adapters/dynamodb/rollout-store.ts'
import { makeSpendStore } from '../../src/adapters/dynamodb/spend-store.ts'
import { makeSpotCheckStore } from '../../src/adapters/dynamodb/spot-check-store.ts'
import { makeSweepStore } from '../../src/adapters/dynamodb/sweep-store.ts'
import { sleep, ids as systemIds, timeOfId } from '../../src/adapters/system.ts'
import { type AdminDeps, makeAdminApp } from '../../src/admin/app.ts'
import { type BootstrapGuard, makeBootstrapApp } from '../../src/admin/bootstrap.ts'
import { isRouteAllowed } from '../../src/fleet/route-policy.ts'
import { explainRoute } from '../../src/gateway/explain.ts'
import { readShardFrom } from '../../src/gateway/read-shard.ts'
import { type IngestDeps, makeIngestApp } from '../../src/ingest/app.ts'
import { deployedBeatIntervals } from '../../src/ingest/beat-interval.ts'
import { offerJobs } from '../../src/jobs/offer-jobs.ts'
import { hashKey, makeKey, type OperatorKey } from '../../src/keys/api-key.ts'
import type { Account } from '../../src/ledger/ports.ts'
import type { OperatorRole } from '../../src/protocol/account.ts'
import type { CatalogueModel } from '../../src/protocol/catalogue.ts'
import { generatePrivateKey, makeSigner, type Signer } from '../../src/protocol/ed25519.ts'
import { signSuccession } from '../../src/protocol/key-succession.ts'
import type { PublishedKeys } from '../../src/protocol/published-keys.ts'
import { checkedAdmin, checkedBootstrap } from './checked-admin.ts'
import { checkedIngest } from './checked-ingest.ts'
import { startEmbeddedDynamodb } from './embedded-dynamodb.ts'

export const stage = 'test'
const peppers = { current: 'p1', byId: new Map([['p1', Buffer.alloc(32, 7)]]) }

export type ControlPlane = Awaited<ReturnType<typeof startControlPlane>>

export async function startControlPlane() {
  const database = await startEmbeddedDynamodb()
  // Ids never fall, so those of a plane whose clock ran ahead must not be the next plane's.
  const ids = { ...systemIds, ulid: monotonicFactory() }
  const fleet = makeFleetStore(database)
  const breakers = makeBreakerStore(database, { ids })
  const catalogue = makeCatalogueStore(database)
  const joinCodes = makeJoinCodeStore(database)
  const operatorKeys = makeOperatorKeyStore(database)
  const accounts = makeAccountStore(database)
  const journal = makeJournalStore(database)
  const reputations = makeReputationStore(database)
  const receipts = makeReceiptStore(database)
  const isOwnTraffic = isOwnTrafficOf({ database })
  const ticketRoot = makeSigner(generatePrivateKey())
  const jobSigner = { keyId: 'jk_test', signer: makeSigner(generatePrivateKey()) }
  const jobs = makeJobStore(database)
  const rollouts = makeRolloutStore(database)
  const spotChecks = makeSpotCheckStore(database)
  const incidents = makeIncidentStore(database)
  const audit = makeAuditStore(database)
  const recording = { audit, claimSecret: Buffer.alloc(32, 5), timeOfId }
  // Items of the past would be garbage to the engine, so this clock starts at the present.
  let nowMs = Date.now()
  let judgements = 0
  const lines: string[] = []
  const common = {
    nowMs: () => nowMs,
    ids,
    random: () => 0,
    sleep,
    log: (event: string, fields: object) => void lines.push(JSON.stringify({ event, ...fields })),
    recompute: async () => {
      judgements += 1
    },
  }
  const ingestDeps: IngestDeps = {
    ...common,
    stage,
    fleet,
    catalogue,
    joinCodes,
    accounts,
    journal,
    reputations,
    findExpired: receipts.findExpired,
    isOwnTraffic,
    challengeSecret: Buffer.alloc(32, 9),
    publishedKeys: publishedKeys({ ticketRoot, jobSigner }),
    jobs,
    offerJobs: (listener) => offerJobs({ ...common, jobs, jobSigner, stage }, listener),
    routeAllowed: (url) => isRouteAllowed(url, stage),
    tunnels: undefined,
    instanceTrust: undefined,
    beatIntervals: deployedBeatIntervals,
  }
  // Keys of any role and status, without a bootstrap; those that tests make over HTTP are stored.
  const known = new Map<string, OperatorKey>()
  const adminDeps: AdminDeps = {
    ...common,
    peppers,
    operators: {
      ...operatorKeys,
      readOperator: async (hash) => known.get(hash) ?? (await operatorKeys.readOperator(hash)),
    },
    accounts,
    wallets: makeSweepStore(database),
    journal,
    reputations,
    closing: makeClosingStore(database),
    receipts,
    isOwnTraffic,
    keys: makeKeyStore(database),
    joinCodes,
    jobs,
    rollouts,
    fleet,
    breakers,
    catalogue,
    spotChecks,
    spend: makeSpendStore(database, common),
    incidents,
    ...recording,
    explainRoute: (asked) =>
      explainRoute(
        {
          ...common,
          keys: makeKeyStore(database),
          wallets: makeSweepStore(database),
          catalogue,
          fleet,
          shards: readShardFrom(makePoolStore(database), { ...common, freshMs: 0 }),
          readIncidents: incidents.readActive,
          leaseMs: 420_000,
        },
        asked,
      ),
    tunnels: undefined,
  }
  const admin = checkedAdmin(makeAdminApp(adminDeps))

  const operatorKey = (
    role: OperatorRole,
    status: OperatorKey['status'] = 'active',
    keyId = `key_${ids.ulid(nowMs)}`,
  ): string => {
    const key = makeKey('op-b3iq', peppers, ids)
    const keyHash = hashKey(key, 'op-b3iq', peppers) ?? ''
    known.set(keyHash, { keyId, keyHash, name: role, role, status })
    return key
  }
  const ownerKeyId = `key_${ids.ulid(nowMs)}`
  const owner = operatorKey('owner', 'active', ownerKeyId)

  return {
    ...database,
    fleet,
    breakers,
    catalogue,
    joinCodes,
    journal,
    reputations,
    receipts,
    isOwnTraffic,
    operators: operatorKeys,
    ticketRoot,
    jobs,
    rollouts,
    spotChecks,
    incidents,
    audit,
    jobSigner,
    peppers,
    wallets: adminDeps.wallets,
    ingest: checkedIngest(makeIngestApp(ingestDeps)),
    ingestOf: (changes: Partial<IngestDeps>) =>
      checkedIngest(makeIngestApp({ ...ingestDeps, ...changes })),
    adminOf: (changes: Partial<AdminDeps>) =>
      checkedAdmin(makeAdminApp({ ...adminDeps, ...changes })),
    bootstrapOf: (guard: BootstrapGuard) =>
      checkedBootstrap(
        makeBootstrapApp({ ...common, ...recording, operators: operatorKeys, peppers, guard }),
      ),
    operatorKey,
    ownerKeyId,
    nowMs: common.nowMs,
    passMs: (durationMs: number) => {
      nowMs += durationMs
    },
    judgements: () => judgements,
    logLines: () => lines,
    newAccount: async (draft: Partial<Account> = {}): Promise<string> => {
      const account: Account = {
        accountId: `acct_${ids.ulid(nowMs)}`,
        name: 'Ada',
        smoke: false,
        createdAtMs: nowMs,
        ...draft,
      }
      await accounts.createAccount(account)
      return account.accountId
    },
    /** One call of an operator, by default the owner. */
    operate: async (
      method: string,
      path: string,
      body?: unknown,
      key: string = owner,
      headers: Readonly<Record<string, string>> = {},
    ) => {
      const response = await admin.request(`/admin${path}`, {
        method,
        headers: {
          authorization: `Bearer ${key}`,
          'content-type': 'application/json',
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return replyOf(response)
    },
  }
}

/** What the stage shows of two keys that were always there. */
function publishedKeys(own: {
  readonly ticketRoot: Signer
  readonly jobSigner: { readonly keyId: string; readonly signer: Signer }
}): PublishedKeys {
  const life = { not_before_ms: 0, not_after_ms: null }
  const root = {
    key_id: 'tr_test',
    use: 'ticket_root',
    public_key: own.ticketRoot.publicKey,
  } as const
  const { keyId, signer } = own.jobSigner
  const job = { key_id: keyId, use: 'job', public_key: signer.publicKey, ...life } as const
  const by = { keyId: root.key_id, signer: own.ticketRoot }
  return { stage, keys: [{ ...root, ...life }, job], successions: [signSuccession(stage, job, by)] }
}

export type Reply = {
  readonly status: number
  readonly headers: Headers
  readonly body: Readonly<Record<string, unknown>>
  /** Empty where the reply is no error. */
  readonly error: Readonly<Record<string, unknown>>
}

const AnyObject = z.record(z.string(), z.unknown())

export async function replyOf(response: Response): Promise<Reply> {
  const body = AnyObject.parse(await response.json())
  const error = AnyObject.catch({}).parse(body.error)
  return { status: response.status, headers: response.headers, body, error }
}

export const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`

/** A model on sale, with one approved build for each digest. */
export function catalogueModel(id: string, digests: readonly string[]): CatalogueModel {
  const price = { prompt_usd_per_mtok: '0.10', completion_usd_per_mtok: '0.30' }
  const ratio = { mean: 4, band: 0.3 }
  return {
    id,
    name: id,
    description: '',
    context_length: 8192,
    max_output_tokens: 4096,
    host_share_bps: 8000,
    benchmark_price: price,
    prices: [
      {
        route_tier: 'portable_local',
        trust_tier: 'T0',
        cached_prompt_usd_per_mtok: '0.05',
        ...price,
      },
    ],
    profiles: digests.map((digest, index) => ({
      profile_id: `${id}@${index}`,
      artifact: { format: 'gguf', digest, quantization: 'Q4_K_M' },
      runtime_kinds: ['llamacpp', 'ollama'],
      bytes_per_token: { prompt: ratio, completion: ratio },
    })),
  }
}
