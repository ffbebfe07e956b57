/** Accounts, the sweep index and the close: what is written to a wallet besides money. */

import { describe, expect, test } from 'vitest'
import { firstIdAt } from '../../src/adapters/system.ts'
import type { Account } from '../../src/ledger/ports.ts'
import { walk } from './pages.ts'
import { charge } from './reserve-contract.ts'
import type { World } from './world.ts'

export function describeWallets(world: World): void {
  const { ledger, wallet, customer, held, settle } = world
  const expectNone = async (accountId: string) => {
    expect(await ledger().sweeps.readWallet(accountId)).toBeUndefined()
  }

  describe('an account', () => {
    const anAccount = (change: Partial<Account> = {}): Account => ({
      accountId: `acct_${world.ids()}`,
      name: 'Zoë & Søn — 日本',
      smoke: true,
      createdAtMs: 1_795_238_400_123,
      ...change,
    })

    test.each([
      ['a customer', {}],
      ['a customer who owns hosts', { ownerId: 'owner_1' }],
    ])('of %s is read as it was created, with an empty wallet', async (_, change) => {
      const account = anAccount(change)
      await ledger().accounts.createAccount(account)
      expect(await ledger().accounts.readAccount(account.accountId)).toEqual(account)
      expect(await wallet(account.accountId)).toEqual({
        accountId: account.accountId,
        status: 'active',
        available: 0n,
        held: 0n,
        spent: 0n,
        funded: 0n,
        granted: 0n,
        holds: new Map(),
        counters: new Map(),
        revokedKeyOrdinals: new Set(),
        oldestSecrets: new Map(),
        limitVersions: new Map(),
        sweepBucket: undefined,
        closedBefore: undefined,
      })
    })

    test('that nobody created has neither facts nor a wallet', async () => {
      const nobody = world.nobody()
      expect(await ledger().accounts.readAccount(nobody)).toBeUndefined()
      await expectNone(nobody)
    })

    test('cannot be created again over its money', async () => {
      const accountId = await customer(1_000n)
      const before = await ledger().accounts.readAccount(accountId)
      await expect(ledger().accounts.createAccount(anAccount({ accountId }))).rejects.toThrow()
      expect(await ledger().accounts.readAccount(accountId)).toEqual(before)
      expect(await wallet(accountId)).toMatchObject({ available: 1_000n })
    })

    test('is suspended and active again, and nothing else of its wallet changes', async () => {
      const { accountId } = await held(await customer(1_000n))
      const before = await wallet(accountId)
      expect(await ledger().accounts.setStatus(accountId, 'suspended')).toBe(true)
      expect(await wallet(accountId)).toEqual({ ...before, status: 'suspended' })
      expect(await ledger().accounts.setStatus(accountId, 'active')).toBe(true)
      expect(await wallet(accountId)).toEqual(before)
    })

    test('that does not exist cannot be suspended', async () => {
      const nobody = world.nobody()
      expect(await ledger().accounts.setStatus(nobody, 'suspended')).toBe(false)
      await expectNone(nobody)
    })

    test('is listed once, by id, however the pages fall', async () => {
      const after = await customer()
      const made = [await customer(), await customer(), await customer()]
      for (const limit of [1, 2, 3, 100]) {
        const listed = await walk((page) => ledger().accounts.listAccounts(page), { limit, after })
        expect(listed.map(({ accountId }) => accountId)).toEqual(made)
      }
    })
  })

  describe('the sweep bucket', () => {
    const [first, later] = ['2026-11-21T05:15', '2026-11-21T05:20'] as const
    const expiresAtSec = Date.parse(`${first}:30Z`) / 1000
    const laterSec = Date.parse(`${later}:00Z`) / 1000
    const inBucket = (bucket: string) => ledger().sweeps.accountsInBucket(bucket, 100)
    const bucketOf = async (accountId: string) => (await wallet(accountId)).sweepBucket

    test.each([
      ['later', expiresAtSec, laterSec, first],
      ['earlier', laterSec, expiresAtSec, later],
    ])('is set by the first hold and not by a second, %s one', async (_, one, other, bucket) => {
      const accountId = await customer(1_000n)
      await held(accountId, { expiresAtSec: one })
      await held(accountId, { expiresAtSec: other })
      expect(await bucketOf(accountId)).toBe(bucket)
    })

    test('lists its wallets and no others, by id, as many as asked for', async () => {
      const bucket = '2031-01-01T00:07'
      const expiry = { expiresAtSec: Date.parse(`${bucket}:59Z`) / 1000 }
      const accounts = [world.nobody(), world.nobody(), world.nobody()]
      for (const accountId of accounts.toReversed()) {
        await held(await customer(1_000n, accountId), expiry)
      }
      await held(await customer(1_000n), { expiresAtSec: expiry.expiresAtSec + 1 })
      await customer(1_000n)
      expect(await inBucket(bucket)).toEqual(accounts)
      const two = await ledger().sweeps.accountsInBucket(bucket, 2)
      expect(two).toEqual(accounts.slice(0, 2))
    })

    test('stays when the hold has ended', async () => {
      const order = await held(await customer(1_000n), { expiresAtSec })
      await settle(order, 0n)
      expect(await bucketOf(order.accountId)).toBe(first)
      expect(await inBucket(first)).toContain(order.accountId)
    })

    test('is moved from where it stands', async () => {
      const { accountId } = await held(await customer(1_000n), { expiresAtSec })
      const before = await wallet(accountId)
      const isMoved = await ledger().sweeps.moveBucket({ accountId, from: first, to: later })
      expect(isMoved).toBe(true)
      expect(await wallet(accountId)).toEqual({ ...before, sweepBucket: later })
      expect(await inBucket(first)).not.toContain(accountId)
      expect(await inBucket(later)).toContain(accountId)
    })

    test('is not moved from where it does not stand', async () => {
      const { accountId } = await held(await customer(1_000n), { expiresAtSec })
      const isMoved = await ledger().sweeps.moveBucket({ accountId, from: later, to: later })
      expect(isMoved).toBe(false)
      expect(await bucketOf(accountId)).toBe(first)
    })

    test('of a wallet that has none is neither moved nor left', async () => {
      const accountId = await customer(1_000n)
      expect(await ledger().sweeps.moveBucket({ accountId, from: first, to: later })).toBe(false)
      expect(await ledger().sweeps.leaveBuckets({ accountId, from: first })).toBe(false)
      expect(await bucketOf(accountId)).toBeUndefined()
    })

    test('of no wallet is neither moved nor left', async () => {
      const nobody = world.nobody()
      const move = { accountId: nobody, from: first, to: later }
      expect(await ledger().sweeps.moveBucket(move)).toBe(false)
      expect(await ledger().sweeps.leaveBuckets(move)).toBe(false)
      await expectNone(nobody)
    })

    test('is left without holds, and set anew by the next one', async () => {
      const order = await held(await customer(1_000n), { expiresAtSec })
      const { accountId } = order
      await settle(order, 0n)
      expect(await ledger().sweeps.leaveBuckets({ accountId, from: first })).toBe(true)
      expect(await bucketOf(accountId)).toBeUndefined()
      expect(await inBucket(first)).not.toContain(accountId)
      await held(accountId, { expiresAtSec: laterSec })
      expect(await bucketOf(accountId)).toBe(later)
    })

    test('is not left while a hold is open', async () => {
      const { accountId } = await held(await customer(1_000n), { expiresAtSec })
      expect(await ledger().sweeps.leaveBuckets({ accountId, from: first })).toBe(false)
      expect(await bucketOf(accountId)).toBe(first)
    })

    test('is not left from where it does not stand', async () => {
      const order = await held(await customer(1_000n), { expiresAtSec })
      const { accountId } = order
      await settle(order, 0n)
      expect(await ledger().sweeps.leaveBuckets({ accountId, from: later })).toBe(false)
      expect(await bucketOf(accountId)).toBe(first)
    })
  })

  describe('dropping counters', () => {
    const closedBefore = firstIdAt(5)

    test('removes those that are named and there', async () => {
      const charges = [charge('rm#1#202611210510', 1n), charge('cc#1', 1n), charge('cc#11', 1n)]
      const { accountId } = await held(await customer(1_000n), { charges })
      await ledger().sweeps.dropCounters({
        accountId,
        names: ['rm#1#202611210510', 'cc#1', 'cc#2'],
        closedBefore,
      })
      const after = await wallet(accountId)
      expect(after.counters).toEqual(new Map([['cc#11', 1n]]))
      expect(after.closedBefore).toBe(closedBefore)
    })

    test('changes nothing where the wallet is closed further on', async () => {
      const charges = [charge('rm#1#202611210510', 1n)]
      const { accountId } = await held(await customer(1_000n), { charges })
      const before = await ledger().closing.closeBefore(accountId, firstIdAt(6))
      const names = ['rm#1#202611210510']
      await ledger().sweeps.dropCounters({ accountId, names, closedBefore })
      expect(await wallet(accountId)).toEqual(before)
    })

    test('of no wallet makes none', async () => {
      const nobody = world.nobody()
      await ledger().sweeps.dropCounters({
        accountId: nobody,
        names: ['cc#1'],
        closedBefore,
      })
      await expectNone(nobody)
    })
  })

  test('the sweep cursor is absent at first, then what was written last', async () => {
    expect(await ledger().sweeps.readCursor()).toBeUndefined()
    await ledger().sweeps.writeCursor('2026-11-21T05:15')
    await ledger().sweeps.writeCursor('2026-11-21T05:14')
    expect(await ledger().sweeps.readCursor()).toBe('2026-11-21T05:14')
  })
}
