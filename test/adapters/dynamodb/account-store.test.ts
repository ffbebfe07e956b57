import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { finishHold } from '../../../src/ledger/finish.ts'
import { reserve } from '../../../src/ledger/reserve.ts'
import { charging, type Ledger, openLedger } from '../../ledger/open-ledger.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { anAccountId } from './facts.ts'

let engine: EmbeddedDynamodb
let ledger: Ledger
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
  ledger = await openLedger(engine)
})
afterAll(() => engine.stop())

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

  test('keeps the owner of hosts that it also is', async () => {
    const owned = {
      accountId: anAccountId(),
      name: 'Host and customer',
      smoke: false,
      ownerId: 'owner-1',
      createdAtMs: ledger.nowMs(),
    }
    await ledger.accounts.createAccount(owned)
    expect(await ledger.accounts.readAccount(owned.accountId)).toEqual(owned)
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

describe('the status of an account', () => {
  test('is active at first, and then what was set', async () => {
    const accountId = await ledger.customer(1_000n)
    const statusOf = async () => (await ledger.sweeps.readWallet(accountId))?.status
    expect(await statusOf()).toBe('active')
    expect(await ledger.accounts.setStatus(accountId, 'suspended')).toBe(true)
    expect(await statusOf()).toBe('suspended')
    expect(await ledger.accounts.setStatus(accountId, 'suspended')).toBe(true)
    expect(await ledger.accounts.setStatus(accountId, 'active')).toBe(true)
    expect(await statusOf()).toBe('active')
  })

  test('stops the next hold at once, and lets open ones end', async () => {
    const accountId = await ledger.customer(1_000n)
    const order = await ledger.take(ledger.reservation(accountId, 100n))
    await ledger.accounts.setStatus(accountId, 'suspended')
    const next = await reserve(ledger.reserving, ledger.reservation(accountId, 100n))
    expect(next).toEqual({ kind: 'refused', refusal: { kind: 'suspended' } })
    await finishHold(ledger.finishing, order.hold, charging(order, 40n))
    expect(await ledger.books(accountId)).toEqual({ available: 960n, held: 0n, spent: 40n })
  })

  test('changes no money and no other account', async () => {
    const [one, other] = [await ledger.customer(500n), await ledger.customer(700n)]
    await ledger.accounts.setStatus(one, 'suspended')
    expect(await ledger.books(one)).toMatchObject({ available: 500n })
    expect((await ledger.sweeps.readWallet(other))?.status).toBe('active')
  })

  test('of nobody cannot be set, and makes no wallet', async () => {
    const accountId = anAccountId()
    expect(await ledger.accounts.setStatus(accountId, 'suspended')).toBe(false)
    expect(await ledger.sweeps.readWallet(accountId)).toBeUndefined()
  })
})
