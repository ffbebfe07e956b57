import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeDatabase } from '../../../src/adapters/dynamodb/client.ts'
import { makeJournalStore } from '../../../src/adapters/dynamodb/journal-store.ts'
import { move } from '../../../src/ledger/journal.ts'
import { post } from '../../../src/ledger/post.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { startFaultProxy } from '../../support/fault-proxy.ts'
import { anAccountId } from './facts.ts'
import {
  aBook,
  accrual,
  aNodeId,
  anAdjustment,
  anEntry,
  customer,
  host,
  posted,
  posting,
  topUp,
} from './journal-facts.ts'
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

describe('an entry', () => {
  test('changes the wallet, and is found by its reference and its account', async () => {
    const accountId = await open.customerWith(0n)
    const entry = topUp(accountId, 250n)
    expect(await journal.post(posting(entry))).toEqual(posted)
    expect(await open.money(accountId)).toBe('250 250 0')
    expect(await journal.readEntry(entry.reference)).toEqual(entry)
    expect(await open.entriesOf(accountId)).toEqual([entry])
  })

  test('of a grant is told apart from what the customer paid', async () => {
    const accountId = await open.customerWith(100n)
    const grant = (amount: bigint) =>
      anEntry('grant', move(amount, { kind: 'promo' }, customer(accountId)))
    await journal.post(posting(grant(40n)))
    await journal.post(posting(grant(2n)))
    expect(await open.money(accountId)).toBe('142 142 42')
  })

  test('of more than a float can count arrives to the last nano-USD', async () => {
    const accountId = await open.customerWith(0n)
    const amount = 10n ** 20n + 1n
    await journal.post(posting(topUp(accountId, amount)))
    expect(await open.money(accountId)).toBe(`${amount} ${amount} 0`)
    expect((await open.entriesOf(accountId))[0]?.legs.map((leg) => leg.amount)).toEqual([
      -amount,
      amount,
    ])
  })

  test('that takes money takes all there is, and not more', async () => {
    const accountId = await open.customerWith(100n)
    const correction = (amount: bigint) =>
      anEntry('adjustment', move(amount, customer(accountId), { kind: 'adjustments' }))
    const tooMuch = posting(correction(101n))
    expect(await journal.post(tooMuch)).toEqual({ kind: 'refused', by: 'wallet' })
    expect(await journal.readEntry(tooMuch.entry.reference)).toBeUndefined()
    expect(await journal.post(posting(correction(100n)))).toEqual(posted)
    expect(await open.money(accountId)).toBe('0 0 0')
  })

  test('for an account that does not exist is refused, and its reference stays free', async () => {
    const nobody = anAccountId()
    const refused = topUp(nobody, 5n)
    expect(await journal.post(posting(refused))).toEqual({ kind: 'refused', by: 'wallet' })
    expect(await open.entriesOf(nobody)).toEqual([])
    const { reference } = refused
    const right = topUp(await open.customerWith(0n), 5n, { reference })
    expect(await journal.post(posting(right))).toEqual(posted)
  })

  test('between a customer and a host is found by both, with all legs', async () => {
    const accountId = await open.customerWith(0n)
    const nodeId = await open.nodeWith(80n)
    const entry = anEntry('refund', [
      { account: host(nodeId), amount: -80n },
      { account: { kind: 'fees' }, amount: -20n },
      { account: customer(accountId), amount: 100n },
    ])
    expect(await journal.post(posting(entry))).toEqual(posted)
    expect(await open.entriesOf(accountId)).toEqual([entry])
    expect((await open.entriesOfNode(nodeId))[0]).toEqual(entry)
  })

  test('of which a host bears nothing leaves its earnings alone', async () => {
    const [accountId, nodeId] = [await open.customerWith(0n), aNodeId()]
    const entry = anEntry('refund', [
      { account: host(nodeId), amount: 0n },
      { account: { kind: 'fees' }, amount: -1n },
      { account: customer(accountId), amount: 1n },
    ])
    expect(await journal.post(posting(entry))).toEqual(posted)
    expect(await journal.readEarnings(nodeId)).toBeUndefined()
  })

  test('over forty hosts fits one transaction, and each of them finds it whole', async () => {
    const nodes = Array.from({ length: 40 }, aNodeId)
    const entry = accrual(...nodes.map((nodeId, index) => [nodeId, BigInt(index + 1)] as const))
    const book = aBook(await open.customerWith(0n))
    expect(await journal.post(posting(entry, { kind: 'book', from: undefined, to: book }))).toEqual(
      posted,
    )
    const [first = '', last = ''] = [nodes[0], nodes[39]]
    expect(await open.entriesOfNode(first)).toEqual([entry])
    expect(await open.entriesOfNode(last)).toEqual([entry])
    expect(await journal.readEarnings(last)).toMatchObject({ accrued: 40n, payable: 40n })
  })

  test('over more accounts than a transaction has room for is a bug, and writes nothing', async () => {
    const nodes = Array.from({ length: 50 }, aNodeId)
    const entry = accrual(...nodes.map((nodeId) => [nodeId, 1n] as const))
    await expect(journal.post(posting(entry))).rejects.toThrow('fits one transaction')
    expect(await journal.readEntry(entry.reference)).toBeUndefined()
  })

  test('for an owner whose name could not be read back is a bug', async () => {
    const entry = topUp('acct_1:other', 1n)
    await expect(journal.post(posting(entry))).rejects.toThrow('found again by its name')
  })
})

describe('a reference', () => {
  test('posts once, and tells what was posted under it', async () => {
    const accountId = await open.customerWith(0n)
    const first = topUp(accountId, 250n)
    await journal.post(posting(first))
    const again = topUp(accountId, 999n, { reference: first.reference })
    expect(await journal.post(posting(again))).toEqual({ kind: 'posted_before', entry: first })
    expect(await open.money(accountId)).toBe('250 250 0')
    expect(await open.entriesOf(accountId)).toEqual([first])
  })

  test('tells before anything else that would refuse', async () => {
    const accountId = await open.customerWith(10n)
    const { reference, ...first } = anEntry(
      'adjustment',
      move(10n, customer(accountId), { kind: 'adjustments' }),
    )
    const guard = { kind: 'approval', reference } as const
    await journal.requestAdjustment(anAdjustment({ reference, accountId }))
    const order = posting({ ...first, reference }, guard)
    expect(await journal.post(order)).toEqual(posted)
    // By now the wallet is empty and the request is approved.
    expect(await journal.post(order)).toEqual({ kind: 'posted_before', entry: order.entry })
  })

  test('from eight processes at once posts one of them', async () => {
    const accountId = await open.customerWith(0n)
    const reference = `one payment of ${accountId}`
    const outcomes = await Promise.all(
      open.processes(8).map((store) => store.post(posting(topUp(accountId, 250n, { reference })))),
    )
    const winner = await journal.readEntry(reference)
    expect(outcomes.filter(({ kind }) => kind === 'posted')).toHaveLength(1)
    expect(outcomes.filter(({ kind }) => kind === 'posted_before')).toEqual(
      Array(7).fill({ kind: 'posted_before', entry: winner }),
    )
    expect(await open.money(accountId)).toBe('250 250 0')
    expect(await open.entriesOf(accountId)).toEqual([winner])
  })

  test('that nobody used is not found', async () => {
    expect(await journal.readEntry('unused')).toBeUndefined()
  })
})

describe('a lost reply', () => {
  const draftFor = (accountId: string) => {
    const { entryId: _, atMs: __, ...draft } = topUp(accountId, 250n)
    return draft
  }

  test('leaves the outcome unknown; the same posting again finds its own entry', async () => {
    const accountId = await open.customerWith(0n)
    const proxy = await startFaultProxy(engine.endpoint)
    proxy.plan({
      fault: { kind: 'reply lost' },
      on: ({ operation }) => operation === 'TransactWriteItems',
    })
    const store = makeJournalStore(
      makeDatabase({ tables: engine.tables, endpoint: proxy.endpoint }),
    )
    const entry = topUp(accountId, 250n)
    expect(await store.post(posting(entry))).toEqual({ kind: 'unknown' })
    expect(await store.post(posting(entry))).toEqual({ kind: 'posted_before', entry })
    expect(proxy.done.filter(({ operation }) => operation === 'TransactWriteItems')).toHaveLength(2)
    expect(await open.money(accountId)).toBe('250 250 0')
    await proxy.stop()
  })

  test.each([
    { kind: 'reply lost' },
    { kind: 'request lost' },
    { kind: 'conflict' },
    { kind: 'throttled', by: 'rate' },
    { kind: 'server error', isCommitted: true },
    { kind: 'server error', isCommitted: false },
  ] as const)('of any kind is resolved to one entry: %o', async (fault) => {
    const accountId = await open.customerWith(0n)
    const proxy = await startFaultProxy(engine.endpoint)
    proxy.plan({ fault, on: ({ operation }) => operation === 'TransactWriteItems', times: 2 })
    const database = makeDatabase({ tables: engine.tables, endpoint: proxy.endpoint })
    const outcome = await post(
      { ...open.posting, journal: makeJournalStore(database) },
      draftFor(accountId),
    )
    expect(outcome.kind).toBe('posted')
    expect(await open.money(accountId)).toBe('250 250 0')
    expect(await open.entriesOf(accountId)).toHaveLength(1)
    await proxy.stop()
  })

  test('does not hide that the first try was refused: the next one is judged anew', async () => {
    const accountId = await open.customerWith(0n)
    const taking = anEntry('adjustment', move(5n, customer(accountId), { kind: 'adjustments' }))
    expect(await journal.post(posting(taking))).toEqual({ kind: 'refused', by: 'wallet' })
    await journal.post(posting(topUp(accountId, 5n)))
    expect(await journal.post(posting(taking))).toEqual(posted)
    expect(await open.money(accountId)).toBe('0 0 0')
  })

  test('is not what a mistake of ours is taken for', async () => {
    const tables = { ...engine.tables, balances: 'no-such-table' }
    const mistaken = makeJournalStore(makeDatabase({ tables, endpoint: engine.endpoint }))
    const post = mistaken.post(posting(topUp(anAccountId(), 1n)))
    await expect(post).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  })
})
