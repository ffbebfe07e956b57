/** Decide and settle: one decision per hold, whoever writes it, and money that moves by the nonce. */
import { describe, expect, test } from 'vitest'
import { charge } from './reserve-contract.ts'
import { amountMax, decisionOf, type World } from './world.ts'

export function describeEndings(world: World): void {
  const { ledger, wallet, customer, held, settle } = world

  describe('a decision', () => {
    test('is written once, and told as it was written to whoever comes later', async () => {
      const order = await held(await customer(1_000n))
      const { accountId, holdId } = order
      const first = decisionOf(order, { charge: 60n })
      const second = decisionOf(order, { status: 'expired' })
      expect(await ledger().holds.readDecision(accountId, holdId)).toBeUndefined()
      expect(await ledger().holds.decide(first)).toEqual({ kind: 'decided' })
      const before = { kind: 'decided_before', decision: first }
      expect(await ledger().holds.decide(second)).toEqual(before)
      expect(await ledger().holds.decide(first)).toEqual(before)
      expect(await ledger().holds.readDecision(accountId, holdId)).toEqual(first)
      expect(await ledger().receipts.readReceipt(accountId, holdId)).toEqual(first)
    })

    test('moves no money by itself', async () => {
      const order = await held(await customer(1_000n))
      const before = await wallet(order.accountId)
      await ledger().holds.decide(decisionOf(order, { charge: 100n }))
      expect(await wallet(order.accountId)).toEqual(before)
    })

    test('needs neither a hold nor a wallet', async () => {
      const decision = decisionOf(world.reservation(`acct_${world.ids()}`))
      expect(await ledger().holds.decide(decision)).toEqual({ kind: 'decided' })
    })

    test.each([
      ['without a nonce, from before nonces were recorded', { nonce: undefined }],
      ['of nothing', { charge: 0n }],
      ['of the largest amount', { charge: amountMax }],
      ['of a hold that expired', { status: 'expired' }],
    ] as const)('%s is read as it was written', async (_, change) => {
      const order = world.reservation(`acct_${world.ids()}`, { amount: amountMax })
      const decision = decisionOf(order, change)
      await ledger().holds.decide(decision)
      const read = await ledger().holds.readDecision(order.accountId, order.holdId)
      expect(read).toEqual(decision)
    })

    test('of the same hold id under another account is another decision', async () => {
      const order = world.reservation(`acct_${world.ids()}`)
      const other = { ...order, accountId: `acct_${world.ids()}` }
      expect(await ledger().holds.decide(decisionOf(order))).toEqual({ kind: 'decided' })
      expect(await ledger().holds.decide(decisionOf(other))).toEqual({ kind: 'decided' })
    })

    test('of a hold that expired is found by the hold id alone, and no other is', async () => {
      const orders = [1, 2].map(() => world.reservation(`acct_${world.ids()}`))
      const [expired, failed] = orders.map((order, index) =>
        decisionOf(order, { status: index === 0 ? 'expired' : 'failed' }),
      )
      if (expired) await ledger().holds.decide(expired)
      if (failed) await ledger().holds.decide(failed)
      const find = (holdId = '') => ledger().receipts.findExpired(holdId)
      expect(await find(expired?.holdId)).toEqual(expired)
      expect(await find(failed?.holdId)).toBeUndefined()
      expect(await find(world.ids())).toBeUndefined()
    })
  })

  describe('settling', () => {
    test.each<[bigint, bigint]>([
      [100n, 0n],
      [100n, 1n],
      [100n, 99n],
      [100n, 100n],
      [0n, 0n],
      [amountMax, 0n],
      [amountMax, amountMax],
    ])('a hold of %d with a charge of %d returns the rest', async (amount, due) => {
      const order = await held(await customer(amountMax), { amount })
      expect(await settle(order, due)).toEqual({ kind: 'settled' })
      const after = await wallet(order.accountId)
      expect(after).toMatchObject({ available: amountMax - due, held: 0n, spent: due })
      expect(after.holds).toEqual(new Map())
    })

    test('leaves other holds, funds, grants and the sweep bucket as they are', async () => {
      const accountId = await customer(1_000n)
      const order = await held(accountId)
      const other = await held(accountId, { amount: 7n })
      const before = await wallet(accountId)
      await settle(order, 40n)
      expect(await wallet(accountId)).toEqual({
        ...before,
        available: before.available + 60n,
        held: 7n,
        spent: 40n,
        holds: new Map([[other.holdId, other.hold]]),
      })
    })

    test.each<[string, (order: Awaited<ReturnType<typeof held>>) => typeof order]>([
      ['with another nonce', (order) => ({ ...order, hold: { ...order.hold, nonce: 'nonce-2' } })],
      ['of no such hold', (order) => ({ ...order, holdId: world.ids() })],
      ['on no such wallet', (order) => ({ ...order, accountId: world.nobody() })],
    ])('%s changes nothing', async (_, change) => {
      const order = await held(await customer(1_000n), { charges: [charge('cc#1', 1n)] })
      const before = await wallet(order.accountId)
      const other = change(order)
      const outcome = await settle(other, 40n, [{ name: 'cc#1', back: 1n }])
      expect(outcome).toEqual({ kind: 'applied_before' })
      expect(await wallet(order.accountId)).toEqual(before)
      const isOther = other.accountId !== order.accountId
      if (isOther) expect(await ledger().sweeps.readWallet(other.accountId)).toBeUndefined()
    })

    test('twice moves the money once', async () => {
      const order = await held(await customer(1_000n), { charges: [charge('cc#1', 1n)] })
      const returns = [{ name: 'cc#1', back: 1n }]
      expect(await settle(order, 40n, returns)).toEqual({ kind: 'settled' })
      const after = await wallet(order.accountId)
      expect(await settle(order, 40n, returns)).toEqual({ kind: 'applied_before' })
      expect(await wallet(order.accountId)).toEqual(after)
    })

    test('ends a twin that came back under the same id by its own nonce', async () => {
      const order = await held(await customer(1_000n))
      await settle(order, 40n)
      const twin = await held(order.accountId, { ...order, nonce: 'nonce-2' })
      expect(await settle(order, 40n)).toEqual({ kind: 'applied_before' })
      expect(await settle(twin, 0n)).toEqual({ kind: 'settled' })
      const after = { available: 960n, held: 0n, spent: 40n }
      expect(await wallet(order.accountId)).toMatchObject(after)
    })

    test('works on a suspended and closed wallet with the key revoked', async () => {
      const order = await held(await customer(1_000n))
      await ledger().accounts.setStatus(order.accountId, 'suspended')
      await ledger().revokeKey(order.accountId, order.keyOrdinal)
      await ledger().closing.closeBefore(order.accountId, world.ids())
      expect(await settle(order, 40n)).toEqual({ kind: 'settled' })
    })
  })

  describe('what settling gives back to a counter', () => {
    test.each<[string, bigint | undefined, bigint, bigint]>([
      ['lowers it', 100n, 60n, 40n],
      ['may be all of it', 100n, 100n, 0n],
      ['may be nothing', 100n, 0n, 100n],
      ['ends at zero where the counter is gone', undefined, 60n, 0n],
      ['of the largest amount lowers it', amountMax, amountMax, 0n],
    ])('%s', async (_, value, back, after) => {
      const name = 'sd#1#20261121'
      const charges = value === undefined ? [] : [charge(name, value)]
      const order = await held(await customer(1_000n), { charges })
      await settle(order, 0n, [{ name, back }])
      expect((await wallet(order.accountId)).counters).toEqual(new Map([[name, after]]))
    })

    test('lowers each counter by its own, and no other', async () => {
      const charges = [charge('sd#1#20261121', 100n), charge('cc#1', 2n), charge('cc#2', 3n)]
      const order = await held(await customer(1_000n), { charges })
      await settle(order, 40n, [
        { name: 'sd#1#20261121', back: 60n },
        { name: 'cc#1', back: 1n },
      ])
      expect((await wallet(order.accountId)).counters).toEqual(
        new Map([
          ['sd#1#20261121', 40n],
          ['cc#1', 1n],
          ['cc#2', 3n],
        ]),
      )
    })
  })
}
