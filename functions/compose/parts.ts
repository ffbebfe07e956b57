/** Adapters that several deployables share, made from the config once per process. */
import { makeAccountStore } from '../../src/adapters/dynamodb/account-store.ts'
import { type Database, makeDatabase } from '../../src/adapters/dynamodb/client.ts'
import { makeFleetStore } from '../../src/adapters/dynamodb/fleet-store.ts'
import { makeHoldStore } from '../../src/adapters/dynamodb/hold-store.ts'
import { makeSweepStore } from '../../src/adapters/dynamodb/sweep-store.ts'
import { makeDialer } from '../../src/adapters/hosts/dialer.ts'
import { type LambdaContext, makeLogger } from '../../src/adapters/logger.ts'
import { loadSecrets } from '../../src/adapters/secrets/load-secrets.ts'
import { firstIdAt, ids, nowMs, random, sleep, timeOfId } from '../../src/adapters/system.ts'
import { makeCloudflareTunnels } from '../../src/adapters/tunnels/cloudflare.ts'
import type { AttemptDeps } from '../../src/dispatch/attempt.ts'
import { makeTicketSigner } from '../../src/dispatch/ticket-signer.ts'
import type { TunnelProvider } from '../../src/fleet/tunnel-provider.ts'
import { logEvents } from '../../src/http/log-events.ts'
import type { Log } from '../../src/http/surface.ts'
import type { StageSecrets } from '../../src/keys/stage-secrets.ts'
import type { SweepDeps } from '../../src/ledger/sweep.ts'
import { envKey } from '../../src/names.ts'
import { makeSigner } from '../../src/protocol/ed25519.ts'
import { expiredReceipt } from '../../src/receipts/expired-receipt.ts'
import type { ReceiptSigner } from '../../src/receipts/make-receipt.ts'
import type { Principal } from '../../src/rights.ts'
import { type Config, readConfig } from '../environment.ts'

export type Base = {
  readonly config: Config
  readonly secrets: StageSecrets
  readonly database: Database
}

export const system = { ids, nowMs, random, sleep, timeOfId, firstIdAt }

const stage = process.env[envKey.stage]
const deployed = stage === undefined || stage === 'local' ? undefined : makeLogger(stage)

/** One JSON line per event. Callers pass ids and codes, never bodies. */
export const log: Log = (event, fields) => {
  if (deployed) deployed.write(logEvents[event], event, fields)
  else console.log(JSON.stringify({ event, ...fields }))
}

/** For middy: the lines of an invocation name it. The gateway's invocations are the adapter's affair. */
export const logContext = {
  before: ({ context }: { readonly context: LambdaContext }): void => deployed?.addContext(context),
}

export async function composeBase(
  env: Readonly<Record<string, string | undefined>>,
  principal: Principal,
): Promise<Base> {
  const config = readConfig(env)
  const secrets = await loadSecrets(config.secretsSource, config.stage)
  return { config, secrets, database: databaseOf(config, principal) }
}

/** On AWS a function's role limits it; where there is none, its client does. */
export function databaseOf(
  { tables, dynamodbEndpoint: endpoint, isLocal }: Config,
  principal: Principal,
) {
  return makeDatabase({ tables, endpoint, enforce: isLocal ? { principal } : undefined })
}

export function receiptSignerOf({ config, secrets }: Base): ReceiptSigner {
  const { key_id: keyId, private_key } = secrets.receipt_key
  return { stage: config.stage, keyId, signer: makeSigner(private_key) }
}

/** Undefined where the stage opens no tunnels. */
export function tunnelsOf({ config, secrets }: Base): TunnelProvider | undefined {
  if (config.tunnels === undefined) return undefined
  const apiToken = secrets.cloudflare_api_token
  if (apiToken === undefined) {
    throw new Error(
      'The stage has tunnels configured but its secrets have no cloudflare_api_token: add it.',
    )
  }
  return makeCloudflareTunnels({ ...system, ...config.tunnels, stage: config.stage, apiToken })
}

/** Dispatching to hosts, for the gateway and for benchmarks. */
export function attemptDepsOf({ config, secrets }: Pick<Base, 'config' | 'secrets'>): AttemptDeps {
  const root = makeSigner(secrets.ticket_root_key.private_key)
  return {
    ...system,
    stage: config.stage,
    dialer: makeDialer({ allowsLoopback: config.isLocal }),
    ticketSigner: makeTicketSigner({ ...system, stage: config.stage, root }),
  }
}

/** Sweeping, for the schedule and for the gateway's repair of a refused wallet. */
export function sweepDepsOf(base: Base): SweepDeps {
  const signer = receiptSignerOf(base)
  return {
    ...system,
    store: makeHoldStore(base.database),
    sweepStore: makeSweepStore(base.database),
    leaseMs: base.config.deadlineMs + base.config.leaseMarginMs,
    graceMs: base.config.leaseMarginMs,
    expire: (accountId, holdId, hold) => {
      const heldAtMs = timeOfId(holdId)
      const expired = { accountId, holdId, amount: hold.amount, heldAtMs }
      const receipt = expiredReceipt(expired, { ...system, signer })
      return { accountId, holdId, nonce: hold.nonce, charge: 0n, receipt }
    },
    onFailure: ({ accountId, error }) =>
      log('sweep_failed', { accountId, message: error instanceof Error ? error.message : 'fault' }),
  }
}

/** Whether a customer and a node have one owner, for whoever accrues, refunds or pays a late claim. */
export function isOwnTrafficOf({ database }: Pick<Base, 'database'>) {
  const accounts = makeAccountStore(database)
  const fleet = makeFleetStore(database)
  return async (accountId: string, nodeId: string): Promise<boolean> => {
    const [account, node] = await Promise.all([
      accounts.readAccount(accountId),
      fleet.readNode(nodeId),
    ])
    return account?.ownerId !== undefined && account.ownerId === node?.ownerId
  }
}
