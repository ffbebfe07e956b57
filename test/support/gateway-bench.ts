/**
 * The gateway over one embedded database and scripted hosts. Its parts are those that are deployed;
 * a test may shorten a wait by naming its duration, and rolls the die itself.
 */
import { once } from 'node:events'
import { serve } from '@hono/node-server'
import type { Hono } from 'hono'
import { readOpenApi } from '../../functions/gateway/openapi-file.ts'
import { makeAccountStore } from '../../src/adapters/dynamodb/account-store.ts'
import { makeBreakerStore } from '../../src/adapters/dynamodb/breaker-store.ts'
import { makeClaimStore } from '../../src/adapters/dynamodb/claim-store.ts'
import { makeFleetStore } from '../../src/adapters/dynamodb/fleet-store.ts'
import { makeHoldStore } from '../../src/adapters/dynamodb/hold-store.ts'
import { makeIncidentStore } from '../../src/adapters/dynamodb/incident-store.ts'
import { makeJournalStore } from '../../src/adapters/dynamodb/journal-store.ts'
import { makeKeyStore } from '../../src/adapters/dynamodb/key-store.ts'
import { makePoolStore } from '../../src/adapters/dynamodb/pool-store.ts'
import { makeReceiptStore } from '../../src/adapters/dynamodb/receipt-store.ts'
import { makeRequestMarkStore } from '../../src/adapters/dynamodb/request-mark-store.ts'
import { makeSweepStore } from '../../src/adapters/dynamodb/sweep-store.ts'
import { makeDialer } from '../../src/adapters/hosts/dialer.ts'
import {
  firstIdAt,
  makeIds,
  nowMs,
  sleep,
  startTimer,
  timeOfId,
} from '../../src/adapters/system.ts'
import type { AttemptDeps } from '../../src/dispatch/attempt.ts'
import { cancelDispatch } from '../../src/dispatch/cancel.ts'
import { startOnCurrentRoute } from '../../src/dispatch/current-route.ts'
import { makeTicketSigner } from '../../src/dispatch/ticket-signer.ts'
import type { Candidate } from '../../src/fleet/pool.ts'
import type { Beat } from '../../src/fleet/ports.ts'
import { makeGatewayApp } from '../../src/gateway/app.ts'
import { makeCancelWatch } from '../../src/gateway/cancel-watch.ts'
import type { GatewayDeps } from '../../src/gateway/deps.ts'
import { makeFreshCache } from '../../src/gateway/fresh-cache.ts'
import { readShardFrom } from '../../src/gateway/read-shard.ts'
import type { SurfaceEnv } from '../../src/http/surface.ts'
import { type CustomerKey, hashKey, makeKey } from '../../src/keys/api-key.ts'
import {
  claimSecretOf,
  newStageSecrets,
  peppersOf,
  publishedKeysOf,
} from '../../src/keys/stage-secrets.ts'
import { credit } from '../../src/ledger/credit.ts'
import { repairWallet, type SweepDeps } from '../../src/ledger/sweep.ts'
import type { RequestCount } from '../../src/metering/request-count.ts'
import { parseUsd } from '../../src/money/nano-usd.ts'
import { objectives } from '../../src/names.ts'
import type { CatalogueModel } from '../../src/protocol/catalogue.ts'
import { makeSigner } from '../../src/protocol/ed25519.ts'
import type { StoredReceipt } from '../../src/protocol/receipt.ts'
import { expiredReceipt } from '../../src/receipts/expired-receipt.ts'
import { aBeat, aCandidate, aKey } from '../adapters/dynamodb/facts.ts'
import { checkedGateway } from './checked-gateway.ts'
import { startEmbeddedDynamodb } from './embedded-dynamodb.ts'
import type { Script } from './host-answers.ts'
import { modelOnSale } from './model-on-sale.ts'
import { type ScriptedHost, startScriptedHost } from './scripted-host.ts'
import { timersOver } from './timers-over.ts'
import { writePool } from './write-pool.ts'

export const stage = 'test'
const freshMs = 5_000
const leaseMs = 420_000
const pricedVersion = 7

export type GatewayBench = Awaited<ReturnType<typeof startGatewayBench>>
/** Waits and the way to hosts may be changed beside what the gateway itself is made of. */
export type BenchChanges = Partial<GatewayDeps & Pick<AttemptDeps, 'dialer'>>
export type Customer = { readonly key: CustomerKey; readonly token: string }
export type Sale = {
  readonly model: CatalogueModel
  readonly candidates: readonly Candidate[]
  readonly hosts: readonly ScriptedHost[]
  /** The first host; throws where the model was put on sale without any. */
  readonly host: ScriptedHost
}

export async function startGatewayBench() {
  // Of its own: other files of this worker may have moved their clocks on by days.
  const ids = makeIds()
  const database = await startEmbeddedDynamodb()
  const fleet = makeFleetStore(database)
  const pool = makePoolStore(database)
  const keys = makeKeyStore(database)
  const accounts = makeAccountStore(database)
  const wallets = makeSweepStore(database)
  const receipts = makeReceiptStore(database)
  const journal = makeJournalStore(database)
  const holds = makeHoldStore(database)
  const requestMarks = makeRequestMarkStore(database)
  const incidents = makeIncidentStore(database)
  const secrets = newStageSecrets(stage, { ids, nowMs: nowMs() })
  const peppers = peppersOf(secrets)
  const receiptSigner = {
    stage,
    keyId: secrets.receipt_key.key_id,
    signer: makeSigner(secrets.receipt_key.private_key),
  }
  const running: (() => Promise<void>)[] = []
  const lines: string[] = []
  const counts: RequestCount[] = []
  const sweep: SweepDeps = {
    store: holds,
    sweepStore: wallets,
    sleep,
    timeOfId,
    nowMs,
    leaseMs,
    firstIdAt,
    graceMs: 120_000,
    expire: (accountId, holdId, { amount, nonce }) => {
      const heldAtMs = timeOfId(holdId)
      const expired = { accountId, holdId, amount, heldAtMs }
      const receipt = expiredReceipt(expired, { ids, nowMs, signer: receiptSigner })
      return { accountId, holdId, nonce, charge: 0n, receipt }
    },
    onFailure: ({ error }) => {
      throw error
    },
  }
  const attempts: AttemptDeps = {
    stage,
    ids,
    nowMs,
    startTimer,
    dialer: makeDialer({ allowsLoopback: true }),
    ticketSigner: makeTicketSigner({
      stage,
      root: makeSigner(secrets.ticket_root_key.private_key),
      ids,
      nowMs,
    }),
  }
  const deps: GatewayDeps = {
    ids,
    nowMs,
    sleep,
    startTimer,
    startAttempt: (order) => startOnCurrentRoute({ ...attempts, fleet }, order),
    cancelDispatch: (dispatched) => cancelDispatch(attempts, dispatched),
    watchCancel: makeCancelWatch({ sleep, store: requestMarks }),
    requestMarks,
    newNonce: () => ids.token(3),
    timeOfId,
    firstIdAt,
    // Zero draws the candidates in the order of the pool.
    random: () => 0,
    log: (event, fields) => void lines.push(JSON.stringify({ event, ...fields })),
    countRequest: (count) => void counts.push(count),
    slowAfterMs: objectives.firstContent.withinMs,
    store: holds,
    wallets,
    journal,
    receipts,
    claims: makeClaimStore(database),
    fleet,
    breakers: makeBreakerStore(database, { ids }),
    peppers,
    receiptSigner,
    keys: makeFreshCache(keys.readByHash, { freshMs, nowMs }),
    readKey: keys.readById,
    accounts: makeFreshCache(accounts.readAccount, { freshMs, nowMs }),
    shards: readShardFrom(pool, { random: () => 0, freshMs, nowMs }),
    publicCatalogue: pool.readPublicCatalogue,
    publishedKeys: publishedKeysOf(secrets),
    readOpenApi,
    readIncidents: incidents.readActive,
    repair: (wallet) => repairWallet(sweep, wallet),
    claimSecret: claimSecretOf(secrets),
    deadlineMs: 300_000,
    leaseMs,
  }
  let sales = 0

  const newHost = async (...scripts: readonly Script[]): Promise<ScriptedHost> => {
    const host = await startScriptedHost(...scripts)
    running.push(host.stop)
    return host
  }

  const newKey = async (
    accountId: string,
    changes: Partial<CustomerKey> = {},
  ): Promise<Customer> => {
    const token = makeKey('sk-b3iq', peppers, ids)
    const keyHash = hashKey(token, 'sk-b3iq', peppers) ?? ''
    const scopes = ['inference', 'billing:read'] as const
    const key = await keys.createKey(aKey(accountId, { scopes, ...changes, keyHash }))
    if (key === undefined) throw new Error('the key was refused')
    return { key, token }
  }

  /** A hot item as a host has it that beats and answers probes. */
  const beat = async (nodeId: string, changes: Partial<Beat> = {}): Promise<void> => {
    const atMs = nowMs()
    await fleet.recordBeat(aBeat(nodeId, { seq: atMs, beatAtMs: atMs, ...changes }))
    await fleet.recordProbe({ nodeId, epoch: 1, atMs, isGood: true })
  }

  return {
    ...database,
    database,
    fleet,
    pool,
    keys,
    wallets,
    accounts,
    receipts,
    journal,
    incidents,
    sweep,
    deps,
    dialer: attempts.dialer,
    secrets,
    peppers,
    publishedKeys: deps.publishedKeys,
    logLines: () => lines,
    /** Of every paid request, as it ended. */
    requestCounts: (): readonly RequestCount[] => counts,
    appOf: ({ dialer = attempts.dialer, ...changes }: BenchChanges = {}) => {
      const timers = changes.sleep ? timersOver(changes.sleep) : startTimer
      const own = { ...attempts, dialer, startTimer: timers, fleet }
      const app = makeGatewayApp({
        ...deps,
        startTimer: timers,
        startAttempt: (order) => startOnCurrentRoute(own, order),
        cancelDispatch: (dispatched) => cancelDispatch(own, dispatched),
        ...changes,
      })
      return checkedGateway(app)
    },
    newHost,
    beat,
    /** A model with one live, eligible host for each script. */
    sale: async (
      scripts: readonly Script[],
      changes: {
        readonly model?: Partial<CatalogueModel>
        readonly host?: Partial<Candidate>
        /** Of the first host alone. */
        readonly firstHost?: Partial<Candidate>
      } = {},
    ): Promise<Sale> => {
      sales += 1
      const model = modelOnSale(`maker/model-${sales}`, changes.model)
      const hosts = await Promise.all(scripts.map((script) => newHost(script)))
      await Promise.all(hosts.map(({ nodeId }) => beat(nodeId)))
      const candidates = hosts.map(({ nodeId, publicKey, url }, index) =>
        aCandidate({
          nodeId,
          publicKey,
          routeUrl: url,
          profileId: `${model.id}@q8`,
          ...changes.host,
          ...(index === 0 ? changes.firstHost : {}),
        }),
      )
      await writePool(pool, { ...model, version: pricedVersion }, candidates)
      const [host] = hosts
      return {
        model,
        candidates,
        hosts,
        get host() {
          if (host === undefined) throw new Error('no host sells this model')
          return host
        },
      }
    },
    customer: async (
      changes: { readonly balanceUsd?: string; readonly key?: Partial<CustomerKey> } = {},
    ): Promise<Customer> => {
      const atMs = nowMs()
      const accountId = `acct_${ids.ulid(atMs)}`
      await accounts.createAccount({ accountId, name: 'a', smoke: false, createdAtMs: atMs })
      const amount = parseUsd(changes.balanceUsd ?? '10') ?? 0n
      if (amount > 0n) {
        const reference = `payment of ${accountId}`
        const order = { accountId, kind: 'top_up', amount, reference, by: 'test' } as const
        await credit({ journal, ids, nowMs, sleep }, order)
      }
      return newKey(accountId, changes.key)
    },
    /** Another key of the customer's account. */
    keyOf: ({ key }: Customer, changes: Partial<CustomerKey> = {}): Promise<Customer> =>
      newKey(key.accountId, changes),
    /** The customer's wallet as it stands now, its promises checked. */
    wallet: async ({ key }: Customer) => {
      const wallet = await wallets.readWallet(key.accountId)
      if (wallet === undefined) throw new Error('the customer has no wallet')
      return wallet
    },
    /** The receipt of the customer's only request, once it is written. */
    onlyReceipt: async ({ key }: Customer): Promise<StoredReceipt> => {
      const page = { limit: 2, after: undefined }
      for (let tries = 0; tries < 200; tries += 1) {
        const { items } = await receipts.listReceipts(key.accountId, page)
        const [decision, ...others] = items
        if (others.length > 0) throw new Error('there is more than one receipt')
        if (decision !== undefined) return decision.receipt
        await sleep(10)
      }
      throw new Error('no receipt was written')
    },
    /** The app on a real port. */
    listen: async (app: Hono<SurfaceEnv>): Promise<string> => {
      const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 })
      await once(server, 'listening')
      running.push(async () => {
        if ('closeAllConnections' in server) server.closeAllConnections()
        server.close()
        await once(server, 'close')
      })
      const address = server.address()
      if (typeof address !== 'object' || address === null) throw new Error('no port')
      return `http://127.0.0.1:${address.port}`
    },
    stop: async () => {
      await Promise.all(running.map((stop) => stop()))
      await database.stop()
    },
  }
}
