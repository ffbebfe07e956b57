/**
 * From a decided request to a sum of spend, within the rights of the deployed function, over the
 * stream of a real engine and the reader that stands in for Lambda.
 */
import { DescribeTableCommand, UpdateTableCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openReceiptStream } from '../../../apps/local/receipt-stream.ts'
import { composeRollUpSpend } from '../../../functions/compose/streams.ts'
import { createTables } from '../../../src/adapters/dynamodb/create-tables.ts'
import { makeSpendStore } from '../../../src/adapters/dynamodb/spend-store.ts'
import { random } from '../../../src/adapters/system.ts'
import { finishHold } from '../../../src/ledger/finish.ts'
import { envKey } from '../../../src/names.ts'
import { dayOf } from '../../../src/spend/rows-of.ts'
import { everything, spendByDay, spendByValue } from '../../../src/spend/show-spend.ts'
import { type Ledger, openLedger, startMs } from '../../ledger/open-ledger.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { sdkClient } from '../../support/sdk-client.ts'
import { spentDecision } from '../../support/spent-decision.ts'

let engine: EmbeddedDynamodb
let ledger: Ledger
const lines: string[] = []
beforeAll(async () => {
  vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(String(line)))
  engine = await startEmbeddedDynamodb()
  ledger = await openLedger(engine)
  ledger.moveClock(Date.now() - startMs)
})
afterAll(async () => {
  vi.restoreAllMocks()
  await engine.stop()
})

const compose = () => {
  const { tables } = ledger.database
  return composeRollUpSpend({
    // Where a process's rights are enforced.
    [envKey.stage]: 'local',
    [envKey.balancesTable]: tables.balances,
    [envKey.keysTable]: tables.keys,
    [envKey.profilesTable]: tables.profiles,
    [envKey.receiptsTable]: tables.receipts,
    [envKey.spendTable]: tables.spend,
    [envKey.secretsSource]: 'file:/none',
    [envKey.dynamodbEndpoint]: engine.endpoint,
  })
}

const open = (consume: Parameters<typeof openReceiptStream>[0]['consume']) =>
  openReceiptStream({
    endpoint: engine.endpoint,
    table: ledger.database.tables.receipts,
    consume,
    onGivenUp: () => undefined,
  })

const follow = (consume: Awaited<ReturnType<typeof compose>>['consume']) =>
  open(async (event) => ({ failed: (await consume(event)).batchItemFailures.length }))

/** Until a poll brings nothing. */
async function drain({ poll }: ReturnType<typeof open>): Promise<number> {
  let records = 0
  for (let more = await poll(); more > 0; more = await poll()) records += more
  return records
}

async function pay(accountId: string, charge: bigint, model: string): Promise<void> {
  const { holdId, hold } = await ledger.take(ledger.reservation(accountId, 1_000_000n))
  const { receipt } = spentDecision({ takenAtMs: ledger.nowMs(), accountId, charge, model })
  const own = { ...receipt, private: { ...receipt.private, request_id: holdId } }
  const decision = { accountId, holdId, nonce: hold.nonce, charge, receipt: own }
  expect(await finishHold(ledger.finishing, hold, decision)).toMatchObject({ isSettled: true })
}

test('sums follow the ledger to the last nano-USD, whatever is delivered again', async () => {
  const customers = [await ledger.customer(10n ** 12n), await ledger.customer(10n ** 12n)]
  const [one = '', other = ''] = customers
  for (let request = 0; request < 20; request += 1) {
    await pay(request % 3 === 0 ? other : one, 1_001n + BigInt(request), `m/${request % 2}`)
  }
  const { consume } = await compose()
  // A batch is refused once after it was counted, as if its answer was lost.
  let calls = 0
  const reader = open(async (event) => {
    calls += 1
    const { batchItemFailures } = await consume(event)
    return { failed: calls === 1 ? 1 : batchItemFailures.length }
  })
  expect(await reader.poll()).toBe(0)
  expect(await drain(reader)).toBe(20)
  // Another process begins where the stream does.
  expect(await drain(follow(consume))).toBe(20)

  const store = makeSpendStore(ledger.database, { random })
  const day = dayOf(ledger.nowMs())
  const range = { from: day, to: day }
  const wallets = await Promise.all(customers.map((id) => ledger.sweeps.readWallet(id)))
  const asked = { dimension: 'account', prefix: '', limit: 10, after: undefined } as const
  const { items } = await spendByValue(store, asked, range)
  expect(items.map(({ value, spend }) => [value, spend.charge])).toEqual(
    wallets
      .map((wallet): [string | undefined, bigint | undefined] => [wallet?.accountId, wallet?.spent])
      .toSorted(),
  )
  const { total } = await spendByDay(store, everything, range)
  const spent = wallets.reduce((sum, wallet) => sum + (wallet?.spent ?? 0n), 0n)
  expect(total.spend).toMatchObject({ requests: 20n, completed: 20n, charge: spent })
  expect(total.spend.hostShare + total.spend.fee).toBe(spent)
})

test('what the stream did not bring is counted when an operator asks, and once', async () => {
  const accountId = await ledger.customer(10n ** 12n)
  for (let request = 0; request < 3; request += 1) await pay(accountId, 500n, 'm/recounted')
  const { recount, consume } = await compose()
  const order = { accountId, after: undefined }
  expect(await recount(order)).toEqual({ counted: 3, known: 0, failed: 0, next: undefined })
  expect(await recount(order)).toMatchObject({ counted: 0, known: 3 })
  await drain(follow(consume))
  const subject = { dimension: 'model', value: 'm/recounted' } as const
  const day = dayOf(ledger.nowMs())
  const { total } = await spendByDay(makeSpendStore(ledger.database, { random }), subject, {
    from: day,
    to: day,
  })
  expect(total.spend).toMatchObject({ requests: 3n, charge: 1_500n })
})

test('a receipt that cannot be read is named to the stream, and in the log without its content', async () => {
  const { consume } = await compose()
  const image = { pk: { S: 'acct_1' }, sk: { S: 'hold' }, receiptHash: { S: 'secret' } }
  const dynamodb = { SequenceNumber: '77', ApproximateCreationDateTime: 1, NewImage: image }
  expect(
    await consume({
      Records: [
        { eventName: 'INSERT', dynamodb },
        { eventName: 'MODIFY', dynamodb: { ...dynamodb, SequenceNumber: '78' } },
      ],
    }),
  ).toEqual({ batchItemFailures: [{ itemIdentifier: '77' }] })
  const line = lines.find((one) => one.includes('receipt_not_counted'))
  expect(line).toContain('"place":"77"')
  expect(line).not.toContain('secret')
})

test('a table from before there was a stream gets one, and one that has it keeps it', async () => {
  const { tables } = ledger.database
  const TableName = tables.receipts
  const client = sdkClient(engine)
  const streamOf = async () =>
    (await client.send(new DescribeTableCommand({ TableName }))).Table?.LatestStreamArn
  const before = await streamOf()
  await createTables(engine.endpoint, tables)
  expect(await streamOf()).toBe(before)
  const StreamSpecification = { StreamEnabled: false }
  await client.send(new UpdateTableCommand({ TableName, StreamSpecification }))
  await createTables(engine.endpoint, tables)
  const { Table } = await client.send(new DescribeTableCommand({ TableName }))
  expect(Table?.StreamSpecification).toEqual({ StreamEnabled: true, StreamViewType: 'NEW_IMAGE' })
})
