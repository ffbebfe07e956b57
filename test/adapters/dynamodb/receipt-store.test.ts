import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { receiptKey } from '../../../src/adapters/dynamodb/items/receipt-item.ts'
import type { Decision } from '../../../src/ledger/ports.ts'
import { charging, failing, type Ledger, openLedger } from '../../ledger/open-ledger.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'

let engine: EmbeddedDynamodb
let ledger: Ledger
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
  ledger = await openLedger(engine)
})
afterAll(() => engine.stop())

/** Decided one second after the last one. */
async function decided(accountId: string): Promise<Decision> {
  ledger.moveClock(1_000)
  const decision = charging(ledger.reservation(accountId, 100n), 40n)
  expect(await ledger.holds.decide(decision)).toEqual({ kind: 'decided' })
  return decision
}

const unknownHash = '0'.repeat(64)

describe('a receipt', () => {
  test('is found under its account and hold, and under no other', async () => {
    const [one, other] = [await ledger.customer(0n), await ledger.customer(0n)]
    const decision = await decided(one)
    expect(await ledger.receipts.readReceipt(one, decision.holdId)).toEqual(decision)
    expect(await ledger.receipts.readReceipt(other, decision.holdId)).toBeUndefined()
  })

  test("is found by its own hash and by the node's", async () => {
    const decision = await decided(await ledger.customer(0n))
    const { receipt_hash, body } = decision.receipt
    expect(await ledger.receipts.findByHash(receipt_hash)).toEqual(decision)
    const byNode = await ledger.receipts.findByHash(body.served?.node_receipt_hash ?? '')
    expect(byNode?.receipt.body.served?.node_receipt_hash).toBe(body.served?.node_receipt_hash)
    expect(await ledger.receipts.findByHash(unknownHash)).toBeUndefined()
  })

  test('of a hold that expired is found by the hold alone', async () => {
    const order = ledger.reservation(await ledger.customer(0n), 100n)
    const { accountId, holdId, hold } = order
    const expired = ledger.sweeping.expire(accountId, holdId, hold)
    expect(await ledger.receipts.findExpired(holdId)).toBeUndefined()
    await ledger.holds.decide(expired)
    expect(await ledger.receipts.findExpired(holdId)).toEqual(expired)
  })

  test('of any other end is not found by its hold', async () => {
    const accountId = await ledger.customer(0n)
    const charged = await decided(accountId)
    const failed = failing(ledger.reservation(accountId, 100n))
    await ledger.holds.decide(failed)
    for (const { holdId } of [charged, failed]) {
      expect(await ledger.receipts.findExpired(holdId)).toBeUndefined()
    }
  })

  test('is read by its hold as it is now, with the nonce of that hold', async () => {
    const { accountId, holdId, hold } = ledger.reservation(await ledger.customer(0n), 100n)
    expect(await ledger.holds.readDecision(accountId, holdId)).toBeUndefined()
    const decision = ledger.sweeping.expire(accountId, holdId, hold)
    await ledger.holds.decide(decision)
    expect(await ledger.holds.readDecision(accountId, holdId)).toEqual(decision)
    expect(decision.nonce).toBe(hold.nonce)
  })

  test('is never replaced: the first one stands', async () => {
    const decision = await decided(await ledger.customer(0n))
    const later = { ...decision, charge: 0n }
    expect(await ledger.holds.decide(later)).toEqual({ kind: 'decided_before', decision })
    const stored = await ledger.receipts.readReceipt(decision.accountId, decision.holdId)
    expect(stored).toEqual(decision)
  })
})

describe('the receipts of an account', () => {
  test('come newest first, page by page, each of them once', async () => {
    const accountId = await ledger.customer(0n)
    const newestFirst: string[] = []
    for (let count = 0; count < 5; count += 1) {
      newestFirst.unshift((await decided(accountId)).holdId)
    }
    await decided(await ledger.customer(0n))
    const listed: string[][] = []
    let after: string | undefined
    do {
      const page = await ledger.receipts.listReceipts(accountId, { limit: 2, after })
      listed.push(page.items.map(({ holdId }) => holdId))
      after = page.next
    } while (after !== undefined && listed.length < 9)
    expect(listed.flat()).toEqual(newestFirst)
    expect(listed.slice(0, 3).map((page) => page.length)).toEqual([2, 2, 1])
  })

  test('are each read by itself where one of them cannot be', async () => {
    const accountId = await ledger.customer(0n)
    const [first, broken] = [await decided(accountId), await decided(accountId)]
    const { client, tables } = ledger.connect()
    await client.update({
      TableName: tables.receipts,
      Key: receiptKey(accountId, broken.holdId),
      UpdateExpression: 'SET b = :nothing',
      ExpressionAttributeValues: { ':nothing': 'nothing' },
    })
    const page = { limit: 2, after: undefined }
    const { items } = await ledger.receipts.listUnread(accountId, page)
    expect(items.map(({ holdId }) => holdId)).toEqual([broken.holdId, first.holdId])
    expect(() => items[0]?.read()).toThrow()
    expect(items[1]?.read()).toEqual(first)
  })

  test('since a hold are those from it on, newest first, and no more than asked', async () => {
    const accountId = await ledger.customer(0n)
    const holdIds: string[] = []
    for (let count = 0; count < 4; count += 1) holdIds.push((await decided(accountId)).holdId)
    const [, second = '', third, fourth] = holdIds
    const since = async (limit: number) => {
      const found = await ledger.receipts.listSince(accountId, { sinceId: second, limit })
      return found.map(({ holdId }) => holdId)
    }
    expect(await since(10)).toEqual([fourth, third, second])
    expect(await since(2)).toEqual([fourth, third])
  })

  test('are none for an account that has none', async () => {
    const page = { limit: 10, after: undefined }
    const accountId = await ledger.customer(0n)
    expect(await ledger.receipts.listReceipts(accountId, page)).toEqual({
      items: [],
      next: undefined,
    })
  })
})
