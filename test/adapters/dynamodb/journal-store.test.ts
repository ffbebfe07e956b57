import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Entry, move } from '../../../src/ledger/journal.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { anAccountId } from './facts.ts'
import { accrual, aNodeId, customer, posting, topUp } from './journal-facts.ts'
import { type OpenJournal, openJournal } from './open-journal.ts'

let engine: EmbeddedDynamodb
let open: OpenJournal
let journal: OpenJournal['journal']
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
  open = openJournal(engine)
  journal = open.journal
})
afterAll(() => engine.stop())

describe('the listing of nodes that ever earned', () => {
  test('has each of them once, in the order of ids, page by page', async () => {
    const fresh = await startEmbeddedDynamodb()
    const store = openJournal(fresh)
    const nodes = await Promise.all(Array.from({ length: 5 }, () => store.nodeWith(1n)))
    for (const nodeId of nodes) await store.journal.post(posting(accrual([nodeId, 1n])))
    const listed: string[] = []
    let after: string | undefined
    do {
      const page = await store.journal.listEarners({ limit: 2, after })
      expect(page.items.length).toBeLessThanOrEqual(2)
      listed.push(...page.items)
      after = page.next
    } while (after !== undefined && listed.length < 9)
    expect(listed).toEqual(nodes.toSorted())
    await fresh.stop()
  })
})

describe('the entries of an owner', () => {
  test('come newest first, page by page, short and long ones alike', async () => {
    const nodeId = aNodeId()
    const newestFirst: Entry[] = []
    for (let count = 0; count < 6; count += 1) {
      const others = Array.from({ length: count * 3 }, () => [aNodeId(), 1n] as const)
      const entry = accrual([nodeId, BigInt(count + 1)], ...others)
      await journal.post(posting(entry))
      newestFirst.unshift(entry)
    }
    const listed: Entry[][] = []
    let after: string | undefined
    do {
      const page = await journal.listEntries({ kind: 'host', nodeId }, { limit: 2, after })
      listed.push([...page.items])
      after = page.next
    } while (after !== undefined && listed.length < 9)
    expect(listed.map((page) => page.length)).toEqual([2, 2, 2])
    expect(listed.flat()).toEqual(newestFirst)
  })

  test('go on after the id of anything that happened between them', async () => {
    const accountId = await open.customerWith(0n)
    const older = topUp(accountId, 1n)
    await journal.post(posting(older))
    const { entryId: between } = topUp(accountId, 2n)
    await journal.post(posting(topUp(accountId, 3n)))
    const page = { limit: 10, after: between }
    expect(await journal.listEntries({ kind: 'customer', accountId }, page)).toEqual({
      items: [older],
      next: undefined,
    })
  })

  test('are none where there are none', async () => {
    expect(await open.entriesOf(anAccountId())).toEqual([])
    expect(await open.entriesOfNode(aNodeId())).toEqual([])
  })
})

describe('credits from before there were legs', () => {
  /** As they were written then: under their reference and under their account. */
  async function storedCredit(kind: 'top_up' | 'grant') {
    const accountId = await open.customerWith(0n)
    const { entryId, reference, atMs } = topUp(accountId, 0n)
    const fields = { entryId, kind, amount: 250n, reference, atMs }
    const items = [
      { pk: `reference#${reference}`, sk: 'credit', accountId, ...fields },
      { pk: accountId, sk: `entry#${entryId}`, ...fields },
    ]
    for (const Item of items) {
      await engine.client.put({ TableName: engine.tables.balances, Item })
    }
    return { accountId, entryId, reference, atMs }
  }

  test.each([
    ['top_up', 'wash'],
    ['grant', 'promo'],
  ] as const)('are entries now: a %s moved money from %s', async (kind, source) => {
    const { accountId, ...credit } = await storedCredit(kind)
    const legs = move(250n, { kind: source }, customer(accountId))
    const entry = { ...credit, kind, legs, by: '', about: '' }
    expect(await journal.readEntry(credit.reference)).toEqual(entry)
    expect(await open.entriesOf(accountId)).toEqual([entry])
  })

  test('keep their reference taken', async () => {
    const { accountId, reference, entryId } = await storedCredit('top_up')
    const again = topUp(accountId, 250n, { reference })
    expect(await journal.post(posting(again))).toMatchObject({
      kind: 'posted_before',
      entry: { entryId },
    })
    expect(await open.money(accountId)).toBe('0 0 0')
  })
})
