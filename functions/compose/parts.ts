/** Adapters that several deployables share, made from the config once per process. */
import { type Database, makeDatabase } from '../../src/adapters/dynamodb/client.ts'
import { makeDialer } from '../../src/adapters/hosts/dialer.ts'
import { type LambdaContext, makeLogger } from '../../src/adapters/logger.ts'
import { loadSecrets } from '../../src/adapters/secrets/load-secrets.ts'
import {
  firstIdAt,
  ids,
  nowMs,
  random,
  sleep,
  startTimer,
  timeOfId,
} from '../../src/adapters/system.ts'
import type { AttemptDeps } from '../../src/dispatch/attempt.ts'
import { makeTicketSigner } from '../../src/dispatch/ticket-signer.ts'
import { logEvents } from '../../src/http/log-events.ts'
import type { Log } from '../../src/http/surface.ts'
import type { StageSecrets } from '../../src/keys/stage-secrets.ts'
import { envKey } from '../../src/names.ts'
import { makeSigner } from '../../src/protocol/ed25519.ts'
import type { ReceiptSigner } from '../../src/receipts/make-receipt.ts'
import type { Principal } from '../../src/rights.ts'
import { type Config, readConfig } from '../environment.ts'

export type Base = {
  readonly config: Config
  readonly secrets: StageSecrets
  readonly database: Database
}

export const system = { ids, nowMs, random, sleep, startTimer, timeOfId, firstIdAt }

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
  return { config, secrets, database: await databaseOf(config, principal) }
}

/** On AWS a function's role limits it; where there is none, its client does. */
export async function databaseOf(
  { tables, dynamodbEndpoint: endpoint, isLocal }: Config,
  principal: Principal,
): Promise<Database> {
  const database = makeDatabase({ tables, endpoint })
  if (!isLocal) return database
  const { enforceRights } = await import('../../src/adapters/dynamodb/enforce-rights.ts')
  return enforceRights(database, principal)
}

export function receiptSignerOf({ config, secrets }: Base): ReceiptSigner {
  const { key_id: keyId, private_key } = secrets.receipt_key
  return { stage: config.stage, keyId, signer: makeSigner(private_key) }
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
