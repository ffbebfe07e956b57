/**
 * The ledger's schedules as they are deployed, each within its own rights, on money that a real gateway
 * took: what it signed and wrote is what the audit proves.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ulid } from 'ulid'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { composeGateway } from '../../../functions/compose/gateway.ts'
import { composeSchedule } from '../../../functions/compose/schedules.ts'
import { makeHoldStore } from '../../../src/adapters/dynamodb/hold-store.ts'
import { makeJournalStore } from '../../../src/adapters/dynamodb/journal-store.ts'
import { ids, nowMs, sleep, timeOfId } from '../../../src/adapters/system.ts'
import { makeGatewayApp } from '../../../src/gateway/app.ts'
import { newStageSecrets } from '../../../src/keys/stage-secrets.ts'
import { finishHold } from '../../../src/ledger/finish.ts'
import type { Hold } from '../../../src/ledger/wallet.ts'
import { formatUsd } from '../../../src/money/nano-usd.ts'
import { splitCharge } from '../../../src/money/price.ts'
import { envKey, type ScheduleName } from '../../../src/names.ts'
import { makeSigner } from '../../../src/protocol/ed25519.ts'
import { makeReceipt } from '../../../src/receipts/make-receipt.ts'
import { askChat, completionOf } from '../../support/chat-client.ts'
import { type Customer, type GatewayBench, startGatewayBench } from '../../support/gateway-bench.ts'
import { draft } from '../../support/genuine-receipt.ts'
import { streams } from '../../support/host-answers.ts'

const hourMs = 60 * 60_000

let bench: GatewayBench
let folder: string
let env: Record<string, string>
const lines: string[] = []

beforeAll(async () => {
  vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(String(line)))
  bench = await startGatewayBench()
  folder = await mkdtemp(join(tmpdir(), 'b3iq-ledger-'))
  const secrets = join(folder, 'secrets.json')
  await writeFile(secrets, JSON.stringify({ ...bench.secrets, stage: 'local' }), { mode: 0o600 })
  const { tables, endpoint } = bench
  env = {
    [envKey.stage]: 'local',
    [envKey.balancesTable]: tables.balances,
    [envKey.keysTable]: tables.keys,
    [envKey.profilesTable]: tables.profiles,
    [envKey.receiptsTable]: tables.receipts,
    [envKey.spendTable]: tables.spend,
    [envKey.secretsSource]: `file:${secrets}`,
    [envKey.dynamodbEndpoint]: endpoint,
  }
})
afterEach(() => void lines.splice(0))
afterAll(async () => {
  vi.restoreAllMocks()
  await bench.stop()
  await rm(folder, { recursive: true })
})

const run = async (name: ScheduleName) => (await composeSchedule(env, name))()

/** Charged an hour ago, by a gateway of this stage. */
async function chargeOfLastHour({ key }: Customer): Promise<void> {
  const store = makeHoldStore(bench)
  const { accountId } = key
  // The product's factory of ids never goes back in time.
  const holdId = ulid(nowMs() - hourMs)
  const expiresAtSec = Math.ceil((nowMs() + hourMs) / 1000)
  const hold: Hold = {
    amount: 100_000n,
    expiresAtSec,
    nonce: ids.token(6),
    priceVersion: 3,
    counted: undefined,
  }
  const order = { accountId, holdId, hold, keyOrdinal: key.ordinal, charges: [], dropCounters: [] }
  expect(await store.reserve(order)).toEqual({ kind: 'held' })
  const own = { request_id: holdId, account_id: accountId, hold_usd: formatUsd(hold.amount) }
  const { key_id: keyId, private_key } = bench.secrets.receipt_key
  const receipt = makeReceipt(
    { ...draft, endedAtMs: nowMs(), private: { ...draft.private, ...own } },
    { stage: 'local', keyId, signer: makeSigner(private_key) },
  )
  const decision = { accountId, holdId, nonce: hold.nonce, charge: draft.charge, receipt }
  const finished = await finishHold({ store, sleep, nowMs, timeOfId }, hold, decision)
  expect(finished).toMatchObject({ kind: 'finished', isSettled: true })
}

test('a charge becomes a host’s earnings and its payout, and the audit finds all in order', async () => {
  const customer = await bench.customer()
  await chargeOfLastHour(customer)
  const { model } = await bench.sale([streams(['Hello'])])
  const gateway = makeGatewayApp(await composeGateway(env))
  await completionOf(await askChat(gateway, customer, { model: model.id }))

  expect(await run('accrue-earnings')).toMatchObject({ decisions: 1, failed: 0, stopped: 'done' })
  expect(await run('close-payouts')).toMatchObject({ nodes: 1, closed: 1, failed: 0 })
  const nodeId = draft.private.attempts.find(({ outcome }) => outcome === 'served')?.node_id ?? ''
  const { hostShare } = splitCharge(draft.charge, draft.hostShareBps)
  expect(await makeJournalStore(bench).readEarnings(nodeId)).toMatchObject({ inTransit: hostShare })

  expect(await run('reconcile-ledger')).toMatchObject({
    accounts: 1,
    nodes: 1,
    failed: 0,
    discrepancies: 0,
    stopped: 'done',
  })
  expect(lines.filter((line) => /discrepancy|failed/.test(line))).toEqual([])
})

test('what the audit finds is one line of the log, with whose it is', async () => {
  const customer = await bench.customer()
  const receipts = await composeGateway(env)
  const { model } = await bench.sale([streams(['Hello'])])
  await completionOf(await askChat(makeGatewayApp(receipts), customer, { model: model.id }))
  // Signed by keys that this stage does not publish.
  const other = newStageSecrets('local', { ids, nowMs: nowMs() })
  const secrets = join(folder, 'other.json')
  await writeFile(secrets, JSON.stringify(other), { mode: 0o600 })
  const foreign = { ...env, [envKey.secretsSource]: `file:${secrets}` }
  await (await composeSchedule(foreign, 'reconcile-ledger'))()
  const told = lines.map((line) => JSON.parse(line))
  expect(told).toContainEqual({
    event: 'ledger_discrepancy',
    accountId: customer.key.accountId,
    recordId: expect.stringMatching(/^[0-9A-Z]{26}$/),
    invariant: 'S7 the receipt is signed by us',
    detail: expect.stringContaining(bench.secrets.receipt_key.key_id),
  })
})
