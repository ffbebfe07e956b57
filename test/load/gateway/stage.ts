/** A stage for a load: the embedded database, its secrets, the model on sale and customers of many kinds. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeAccountStore } from '../../../src/adapters/dynamodb/account-store.ts'
import { makeCatalogueStore } from '../../../src/adapters/dynamodb/catalogue-store.ts'
import { makeJournalStore } from '../../../src/adapters/dynamodb/journal-store.ts'
import { makeKeyStore } from '../../../src/adapters/dynamodb/key-store.ts'
import { ids, nowMs, sleep } from '../../../src/adapters/system.ts'
import { type CustomerKey, hashKey, makeKey } from '../../../src/keys/api-key.ts'
import { newStageSecrets, peppersOf } from '../../../src/keys/stage-secrets.ts'
import { credit } from '../../../src/ledger/credit.ts'
import { parseUsd } from '../../../src/money/nano-usd.ts'
import { envKey } from '../../../src/names.ts'
import { makeSigner } from '../../../src/protocol/ed25519.ts'
import { nodeAliasOf } from '../../../src/protocol/node-identity.ts'
import { stateOf } from '../../../src/routing/breaker.ts'
import { aBenchmark, aKey } from '../../adapters/dynamodb/facts.ts'
import { startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { fleetOver } from '../../support/enrolled-fleet.ts'
import { stageEnvironment } from '../../support/stage-environment.ts'
import type { Customer, HostMessage } from './messages.ts'
import { queueOf } from './queue-of.ts'
import { runtimeOfHosts, soldModel, soldModelId, soldProfileId } from './sold-model.ts'

export type LoadStage = Awaited<ReturnType<typeof openLoadStage>>

const stage = 'local'
const deadlineMs = 60_000
/**
 * Longer than a run: whatever ends a hold in it is the request itself, and not a repair of a hold that a
 * request forgot.
 */
const leaseMarginMs = 600_000

type Terms = {
  readonly kind: Customer['kind']
  readonly balanceUsd: string
  readonly caps?: Partial<CustomerKey>
}

/** Dealt round; the last three are dry, or at their cap, before a long run is over. */
const termsOfCustomers: readonly Terms[] = [
  { kind: 'plain', balanceUsd: '10' },
  { kind: 'plain', balanceUsd: '10' },
  { kind: 'concurrency', balanceUsd: '10', caps: { concurrency: 2 } },
  { kind: 'plain', balanceUsd: '10' },
  { kind: 'rpm', balanceUsd: '10', caps: { requestsPerMinute: 12 } },
  { kind: 'plain', balanceUsd: '10' },
  { kind: 'tpm', balanceUsd: '10', caps: { tokensPerMinute: 4_000 } },
  { kind: 'tight_balance', balanceUsd: '0.004' },
  { kind: 'plain', balanceUsd: '10' },
  { kind: 'spend_cap', balanceUsd: '10', caps: { spendPerDay: parseUsd('0.004') } },
]

export async function openLoadStage() {
  const database = await startEmbeddedDynamodb()
  const folder = await mkdtemp(join(tmpdir(), 'b3iq-load-'))
  const secrets = newStageSecrets(stage, { ids, nowMs: nowMs() })
  const { tables, endpoint } = database
  const env = {
    ...(await stageEnvironment({ tables, endpoint, secrets }, { stage, folder })),
    [envKey.deadlineMs]: String(deadlineMs),
    [envKey.leaseMarginMs]: String(leaseMarginMs),
    B3IQ_METRICS_DISABLED: 'true',
  }
  await makeCatalogueStore(database).putModel(soldModel)
  const fleet = fleetOver(database)
  const accounts = makeAccountStore(database)
  const keys = makeKeyStore(database)
  const journal = makeJournalStore(database)
  const peppers = peppersOf(secrets)

  const newCustomer = async ({ kind, balanceUsd, caps }: Terms): Promise<FundedCustomer> => {
    const accountId = `acct_${ids.ulid(nowMs())}`
    await accounts.createAccount({ accountId, name: kind, smoke: false, createdAtMs: nowMs() })
    const funded = parseUsd(balanceUsd) ?? 0n
    const order = { accountId, kind: 'top_up', amount: funded, reference: accountId, by: 'load' }
    const credited = await credit({ journal, ids, nowMs, sleep }, { ...order, kind: 'top_up' })
    if (credited.kind !== 'credited') throw new Error(`the credit was ${credited.kind}`)
    const token = makeKey('sk-b3iq', peppers, ids)
    const keyHash = hashKey(token, 'sk-b3iq', peppers) ?? ''
    const keyId = `key_${ids.ulid(nowMs())}`
    const key = await keys.createKey(aKey(accountId, { ...caps, keyId, keyHash }))
    if (key === undefined) throw new Error('the key was refused')
    return { accountId, token, kind, funded }
  }

  return {
    name: stage,
    database,
    secrets,
    env,
    deadlineMs,
    rootPublicKeys: [makeSigner(secrets.ticket_root_key.private_key).publicKey],
    newCustomers: async (count: number): Promise<readonly FundedCustomer[]> => {
      const made: FundedCustomer[] = []
      for (let at = 0; at < count; at += 1) {
        const terms = termsOfCustomers[at % termsOfCustomers.length]
        if (terms !== undefined) made.push(await newCustomer(terms))
      }
      return made
    },
    /** As enrolment, inventory, a benchmark and a first beat leave it. */
    enrol: async (
      { nodeId, publicKey, url }: Extract<HostMessage, { kind: 'listening' }>,
      slots: number,
    ): Promise<void> => {
      const { runtimeId, kind: runtimeKind, version: runtimeVersion } = runtimeOfHosts
      await fleet.enrol({
        node: {
          nodeId,
          publicKey,
          alias: nodeAliasOf(nodeId),
          ownerId: `owner-of-${nodeId}`,
          route: { kind: 'direct', url, epoch: 1 },
        },
        beat: { queues: queueOf(0, slots) },
        profile: {
          runtimeId,
          runtimeKind,
          model: soldModelId,
          profileId: soldProfileId,
          routeTier: 'portable_local',
          contextLength: soldModel.context_length,
        },
        benchmark: { ...aBenchmark(), runtimeVersion, expiresAtMs: nowMs() + 86_400_000 },
      })
    },
    /** Hosts that a breaker shuts out at this moment. */
    shutOut: async (): Promise<number> => {
      let count = 0
      for await (const { hot } of fleet.fleet.rows()) {
        if (stateOf(hot?.breakers[soldProfileId], nowMs()) === 'open') count += 1
      }
      return count
    },
    close: async () => {
      await database.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export type FundedCustomer = Customer & { readonly funded: bigint }
