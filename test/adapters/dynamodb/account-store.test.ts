import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeAccountStore } from '../../../src/adapters/dynamodb/account-store.ts'
import type { Credit } from '../../../src/ledger/ports.ts'
import { type Ledger, openLedger } from '../../ledger/open-ledger.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { anAccountId } from './facts.ts'

let engine: EmbeddedDynamodb
let ledger: Ledger
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
  ledger = await openLedger(engine)
})
afterAll(() => engine.stop())

/** One second after the last one. */
function credit(accountId: string, changes: Partial<Credit> = {}): Credit {
  ledger.moveClock(1_000)
  const { holdId: entryId } = ledger.reservation(accountId, 0n)
  return {
    accountId,
    entryId,
    kind: 'top_up',
    amount: 250n,
    reference: `payment ${entryId}`,
    atMs: ledger.nowMs(),
    ...changes,
  }
}

const everything = { limit: 100, after: undefined }

describe('an account', () => {
  test('begins with an empty wallet and is found again', async () => {
    const account = {
      accountId: anAccountId(),
      name: 'Größe & Co.',
      smoke: true,
      createdAtMs: ledger.nowMs(),
    }
    await ledger.accounts.createAccount(account)
    expect(await ledger.accounts.readAccount(account.accountId)).toEqual(account)
    expect(await ledger.books(account.accountId)).toEqual({ available: 0n, held: 0n, spent: 0n })
  })

  test('that nobody made is not found', async () => {
    expect(await ledger.accounts.readAccount(anAccountId())).toBeUndefined()
  })

  test('made twice is a bug, and the first one stays as it was', async () => {
    const accountId = await ledger.customer(1_000n)
    const again = { accountId, name: 'Other', smoke: false, createdAtMs: 1 }
    await expect(ledger.accounts.createAccount(again)).rejects.toThrow('account ids are fresh')
    expect(await ledger.accounts.readAccount(accountId)).toMatchObject({ name: 'Customer' })
    expect(await ledger.books(accountId)).toMatchObject({ available: 1_000n })
  })

  test('is listed once, in the order of ids, page by page', async () => {
    const fresh = await openLedger(engine)
    const made: string[] = []
    for (let count = 0; count < 5; count += 1) {
      fresh.moveClock(1_000)
      made.push(await fresh.customer(0n))
    }
    const listed: string[] = []
    let after: string | undefined
    do {
      const page = await fresh.accounts.listAccounts({ limit: 2, after })
      expect(page.items.length).toBeLessThanOrEqual(2)
      listed.push(...page.items.map(({ accountId }) => accountId))
      after = page.next
    } while (after !== undefined && listed.length < 20)
    expect(listed).toEqual(made)
  })
})

describe('a credit', () => {
  test('adds to what is available and to what was funded', async () => {
    const accountId = await ledger.customer(1_000n)
    await ledger.holds.reserve(ledger.reservation(accountId, 300n))
    expect(await ledger.accounts.credit(credit(accountId))).toEqual({ kind: 'credited' })
    expect(await ledger.books(accountId)).toEqual({ available: 950n, held: 300n, spent: 0n })
  })

  test('reaches a suspended account, whose money it is', async () => {
    const accountId = await ledger.customer(0n)
    await ledger.alterWallet(accountId, 'status', 'suspended')
    expect(await ledger.accounts.credit(credit(accountId))).toEqual({ kind: 'credited' })
    expect(await ledger.books(accountId)).toMatchObject({ available: 250n })
  })

  test('of more than a float can count arrives to the last nano-USD', async () => {
    const accountId = await ledger.customer(0n)
    const amount = 10n ** 20n + 1n
    await ledger.accounts.credit(credit(accountId, { amount }))
    expect(await ledger.books(accountId)).toMatchObject({ available: amount })
  })

  test('sent again under its reference credits once, and is told as it was', async () => {
    const accountId = await ledger.customer(0n)
    const first = credit(accountId)
    await ledger.accounts.credit(first)
    const again = credit(accountId, { reference: first.reference })
    expect(await ledger.accounts.credit(again)).toEqual({ kind: 'credited_before', credit: first })
    expect(await ledger.books(accountId)).toMatchObject({ available: 250n })
  })

  test.each<[string, Partial<Credit>]>([
    ['another amount', { amount: 999n }],
    ['another kind', { kind: 'grant' }],
  ])('under a used reference with %s credits nothing', async (_, changes) => {
    const accountId = await ledger.customer(0n)
    const first = credit(accountId)
    await ledger.accounts.credit(first)
    const other = credit(accountId, { reference: first.reference, ...changes })
    expect(await ledger.accounts.credit(other)).toEqual({ kind: 'credited_before', credit: first })
    expect(await ledger.books(accountId)).toMatchObject({ available: 250n })
  })

  test("under another account's reference credits neither", async () => {
    const [one, other] = [await ledger.customer(0n), await ledger.customer(0n)]
    const first = credit(one)
    await ledger.accounts.credit(first)
    const outcome = await ledger.accounts.credit(credit(other, { reference: first.reference }))
    expect(outcome).toEqual({ kind: 'credited_before', credit: first })
    expect(await ledger.books(one)).toMatchObject({ available: 250n })
    expect(await ledger.books(other)).toMatchObject({ available: 0n })
  })

  test('under one reference from eight processes at once credits once', async () => {
    const accountId = await ledger.customer(0n)
    const reference = 'one payment'
    const stores = Array.from({ length: 8 }, () => makeAccountStore(ledger.connect()))
    const outcomes = await Promise.all(
      stores.map((store) => store.credit(credit(accountId, { reference }))),
    )
    const credited = outcomes.filter(({ kind }) => kind === 'credited')
    expect(credited).toHaveLength(1)
    expect(outcomes.filter(({ kind }) => kind === 'credited_before')).toHaveLength(7)
    expect(await ledger.books(accountId)).toMatchObject({ available: 250n })
    expect((await ledger.accounts.listCredits(accountId, everything)).items).toHaveLength(1)
  })

  test('under eight references at once is eight credits', async () => {
    const accountId = await ledger.customer(0n)
    const credits = Array.from({ length: 8 }, () => ledger.accounts.credit(credit(accountId)))
    expect(await Promise.all(credits)).toEqual(Array(8).fill({ kind: 'credited' }))
    expect(await ledger.books(accountId)).toMatchObject({ available: 2_000n })
  })

  test('to an account that does not exist is refused, and its reference stays free', async () => {
    const accountId = anAccountId()
    const refused = credit(accountId)
    expect(await ledger.accounts.credit(refused)).toEqual({ kind: 'no_account' })
    expect((await ledger.accounts.listCredits(accountId, everything)).items).toEqual([])
    const { reference } = refused
    const right = credit(await ledger.customer(0n), { reference })
    expect(await ledger.accounts.credit(right)).toEqual({ kind: 'credited' })
  })
})

describe('the credits of an account', () => {
  test('come newest first, page by page, each of them once', async () => {
    const accountId = await ledger.customer(0n)
    const newestFirst: Credit[] = []
    for (let count = 0; count < 5; count += 1) {
      const kind = count % 2 === 0 ? 'top_up' : 'grant'
      const entry = credit(accountId, { kind, amount: BigInt(count + 1) })
      await ledger.accounts.credit(entry)
      newestFirst.unshift(entry)
    }
    await ledger.accounts.credit(credit(await ledger.customer(0n)))
    const listed: Credit[][] = []
    let after: string | undefined
    do {
      const page = await ledger.accounts.listCredits(accountId, { limit: 2, after })
      listed.push([...page.items])
      after = page.next
    } while (after !== undefined && listed.length < 9)
    expect(listed.flat()).toEqual(newestFirst)
    expect(listed.slice(0, 3).map((page) => page.length)).toEqual([2, 2, 1])
  })

  test('go on after the id of anything that happened between them', async () => {
    const accountId = await ledger.customer(0n)
    const older = credit(accountId)
    await ledger.accounts.credit(older)
    ledger.moveClock(1_000)
    const { holdId } = ledger.reservation(accountId, 0n)
    await ledger.accounts.credit(credit(accountId))
    const page = await ledger.accounts.listCredits(accountId, { limit: 10, after: holdId })
    expect(page).toEqual({ items: [older], next: undefined })
  })
})
