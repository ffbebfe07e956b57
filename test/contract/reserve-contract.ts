/** Reserve: what it writes, and each condition on its own, at its boundary and before the others. */
import { describe, expect, test } from 'vitest'
import type { CounterCharge } from '../../src/ledger/counters.ts'
import type { Reservation } from '../../src/ledger/ports.ts'
import { openHoldsMax, refusalOf } from '../../src/ledger/reserve.ts'
import { amountMax, type ReservationChange, type World } from './world.ts'

export function describeReserve(world: World): void {
  const { ledger, wallet, customer, reservation, held } = world

  /** Refused with the wallet as it was; returns the reason that the ledger reads off it. */
  const refusedFor = async (order: Reservation): Promise<string> => {
    const before = await ledger().sweeps.readWallet(order.accountId)
    expect(await ledger().holds.reserve(order)).toEqual({ kind: 'refused', wallet: before })
    expect(await ledger().sweeps.readWallet(order.accountId)).toEqual(before)
    return refusalOf(before, order).kind
  }

  describe('a reserve', () => {
    test('moves its amount to held and puts its hold and counters on the wallet', async () => {
      const accountId = await customer(1_000n)
      const before = await wallet(accountId)
      const order = await held(accountId, {
        amount: 300n,
        expiresAtSec: Date.UTC(2026, 10, 21, 5, 15, 59) / 1000,
        counted: { keyOrdinal: 1, spendDay: true, spendMonth: false, concurrency: true, tokens: 9 },
        charges: [charge('sd#1#20261121', 300n), charge('cc#1', 1n)],
      })
      expect(await wallet(accountId)).toEqual({
        ...before,
        available: 700n,
        held: 300n,
        holds: new Map([[order.holdId, order.hold]]),
        counters: new Map([
          ['sd#1#20261121', 300n],
          ['cc#1', 1n],
        ]),
        sweepBucket: '2026-11-21T05:15',
      })
    })

    test('adds to the holds and counters that are there', async () => {
      const accountId = await customer(1_000n)
      const first = await held(accountId, { charges: [charge('cc#1', 1n)] })
      const second = await held(accountId, { amount: 7n, charges: [charge('cc#1', 1n)] })
      const after = await wallet(accountId)
      expect(after).toMatchObject({ available: 893n, held: 107n })
      expect(after.holds).toEqual(
        new Map([
          [first.holdId, first.hold],
          [second.holdId, second.hold],
        ]),
      )
      expect(after.counters).toEqual(new Map([['cc#1', 2n]]))
    })

    test('tells what it left of its counters, and of no others', async () => {
      const accountId = await customer(1_000n)
      await held(accountId, { charges: [charge('cc#1', 1n), charge('cc#2', 1n)] })
      const charges = [charge('sd#1#20261121', 100n), charge('cc#1', 1n)]
      expect(await ledger().holds.reserve(reservation(accountId, { charges }))).toEqual({
        kind: 'held',
        counters: new Map([
          ['sd#1#20261121', 100n],
          ['cc#1', 2n],
        ]),
      })
      expect(await ledger().holds.reserve(reservation(accountId))).toEqual({ kind: 'held' })
    })

    test('is taken for a secret that still pays, by limits in force, and for another key', async () => {
      const accountId = await customer(1_000n)
      await held(accountId, { keyOrdinal: 7, secret: 1, keyVersion: 1 })
      await ledger().markKey(accountId, { keyOrdinal: 7, name: 'secret', value: 3 })
      await ledger().markKey(accountId, { keyOrdinal: 7, name: 'limits', value: 5 })
      await held(accountId, { keyOrdinal: 7, secret: 3, keyVersion: 5 })
      await held(accountId, { keyOrdinal: 8, secret: 1, keyVersion: 1 })
    })

    test('removes the counters it names, whether they are there or not', async () => {
      const accountId = await customer(1_000n)
      const old = ['rm#1#202611210506', 'tm#1#202611210506'] as const
      await held(accountId, { charges: [charge(old[0], 1n), charge('rm#2#202611210506', 1n)] })
      await held(accountId, { charges: [charge('rm#1#202611210510', 1n)], dropCounters: old })
      expect((await wallet(accountId)).counters).toEqual(
        new Map([
          ['rm#2#202611210506', 1n],
          ['rm#1#202611210510', 1n],
        ]),
      )
    })

    test('that is refused removes no counter and raises none', async () => {
      const accountId = await customer(1_000n)
      await held(accountId, { charges: [charge('rm#1#202611210506', 1n)] })
      const order = reservation(accountId, {
        amount: 901n,
        charges: [charge('rm#1#202611210510', 1n)],
        dropCounters: ['rm#1#202611210506'],
      })
      expect(await refusedFor(order)).toBe('balance')
    })

    test('changes no other wallet', async () => {
      const [accountId, other] = [await customer(1_000n), await customer(1_000n)]
      const before = await wallet(other)
      await held(accountId)
      expect(await wallet(other)).toEqual(before)
    })
  })

  describe('a reserve is refused, and nothing changes,', () => {
    test('where there is no wallet', async () => {
      expect(await refusedFor(reservation(world.nobody()))).toBe('no_wallet')
    })

    test.each<[string, (accountId: string) => Promise<ReservationChange>, string]>([
      [
        'on a suspended wallet',
        async (accountId) => {
          await ledger().accounts.setStatus(accountId, 'suspended')
          return {}
        },
        'suspended',
      ],
      [
        'for a revoked key',
        async (accountId) => {
          await ledger().revokeKey(accountId, 7)
          return { keyOrdinal: 7 }
        },
        'key_revoked',
      ],
      [
        'for a secret that was replaced',
        async (accountId) => {
          await ledger().markKey(accountId, { keyOrdinal: 7, name: 'secret', value: 3 })
          return { keyOrdinal: 7, secret: 2 }
        },
        'key_revoked',
      ],
      [
        'by limits that are not in force any more',
        async (accountId) => {
          await ledger().markKey(accountId, { keyOrdinal: 7, name: 'limits', value: 3 })
          return { keyOrdinal: 7, secret: 9, keyVersion: 2 }
        },
        'key_changed',
      ],
      [
        'under the id of an open hold, even by the same order',
        async (accountId) => await held(accountId),
        'duplicate',
      ],
      [
        'under the id of an open hold with another nonce',
        async (accountId) => ({ ...(await held(accountId)), nonce: 'nonce-2' }),
        'duplicate',
      ],
      ['for one nano-USD more than is available', async () => ({ amount: 1_001n }), 'balance'],
      [
        'for one nano-USD more than running requests leave',
        async (accountId) => {
          await held(accountId, { amount: 400n })
          return { amount: 601n }
        },
        'balance',
      ],
      [
        'where the first of two counters is full',
        async (accountId) => {
          await held(accountId, { charges: [charge('sd#1#20261121', 100n)] })
          return { charges: [charge('sd#1#20261121', 1n, 100n), charge('cc#1', 1n, 5n)] }
        },
        'counter',
      ],
      [
        'where the second of two counters is full',
        async (accountId) => {
          await held(accountId, { charges: [charge('cc#1', 5n)] })
          return { charges: [charge('sd#1#20261121', 1n, 100n), charge('cc#1', 1n, 5n)] }
        },
        'counter',
      ],
    ])('%s', async (_, arrange, reason) => {
      const accountId = await customer(1_000n)
      expect(await refusedFor(reservation(accountId, await arrange(accountId)))).toBe(reason)
    })

    test(`beside ${openHoldsMax} open holds, until one of them has ended`, async () => {
      const accountId = await customer(1_000n)
      const [first] = await fill(accountId, 0n)
      const order = reservation(accountId)
      expect(await refusedFor(order)).toBe('open_holds')
      if (first) await world.settle(first, 0n)
      expect(await ledger().holds.reserve(order)).toEqual({ kind: 'held' })
    })

    test('for many reasons at once, which the wallet tells in their order', async () => {
      const accountId = await customer(1_000n)
      const [first] = await fill(accountId, 1n, [charge('cc#1', 1n)])
      await ledger().accounts.setStatus(accountId, 'suspended')
      await ledger().revokeKey(accountId, 1)
      const early = world.ids()
      await ledger().closing.closeBefore(accountId, world.ids())
      const everything = reservation(accountId, {
        holdId: first?.holdId ?? '',
        amount: 1_000n,
        charges: [charge('cc#1', 1n, 64n)],
      })
      const withoutDuplicate = { ...everything, holdId: early }
      const withoutClosed = { ...everything, holdId: world.ids() }
      const withoutRevoked = { ...withoutClosed, keyOrdinal: 2 }
      const withoutCounter = { ...withoutRevoked, charges: [] }
      const withoutBalance = { ...withoutCounter, hold: { ...everything.hold, amount: 936n } }
      expect(await refusedFor(everything)).toBe('duplicate')
      expect(await refusedFor(withoutDuplicate)).toBe('closed')
      expect(await refusedFor(withoutClosed)).toBe('suspended')
      await ledger().accounts.setStatus(accountId, 'active')
      expect(await refusedFor(withoutClosed)).toBe('key_revoked')
      expect(await refusedFor(withoutRevoked)).toBe('counter')
      expect(await refusedFor(withoutCounter)).toBe('balance')
      expect(await refusedFor(withoutBalance)).toBe('open_holds')
      if (first) await world.settle(first, 1n)
      expect(await ledger().holds.reserve(withoutBalance)).toEqual({ kind: 'held' })
    })

    async function fill(accountId: string, amount: bigint, charges: CounterCharge[] = []) {
      return Promise.all(
        Array.from({ length: openHoldsMax }, () => held(accountId, { amount, charges })),
      )
    }
  })

  describe('a reserve of', () => {
    test.each<[bigint, bigint, 'held' | 'refused']>([
      [0n, 0n, 'held'],
      [1n, 0n, 'refused'],
      [0n, 1n, 'held'],
      [1n, 1n, 'held'],
      [2n, 1n, 'refused'],
      [amountMax, amountMax, 'held'],
      [amountMax, amountMax - 1n, 'refused'],
      [amountMax - 1n, amountMax, 'held'],
    ])('%d with %d available is %s', async (amount, available, kind) => {
      const accountId = await customer(available)
      const order = reservation(accountId, { amount })
      expect(await ledger().holds.reserve(order)).toMatchObject({ kind })
      const held = kind === 'held' ? amount : 0n
      expect(await wallet(accountId)).toMatchObject({ available: available - held, held })
    })
  })

  describe('a counter', () => {
    const cap = 10n
    test.each<[string, bigint, bigint, bigint, 'held' | 'refused']>([
      ['one below its cap admits one', cap - 1n, 1n, cap, 'held'],
      ['one below its cap refuses two', cap - 1n, 2n, cap, 'refused'],
      ['at its cap refuses one', cap, 1n, cap, 'refused'],
      ['at its cap admits nothing more than zero', cap, 0n, cap, 'held'],
      ['above its cap, which was lowered since, refuses zero', cap + 1n, 0n, cap, 'refused'],
      ['at zero admits its cap', 0n, cap, cap, 'held'],
      ['at zero refuses one more than its cap', 0n, cap + 1n, cap, 'refused'],
      ['at the largest amount but one admits one', amountMax - 1n, 1n, amountMax, 'held'],
      ['at the largest amount refuses one', amountMax, 1n, amountMax, 'refused'],
    ])('%s', async (_, value, add, capNow, kind) => {
      const accountId = await customer(1_000n)
      const name = 'sd#1#20261121'
      await held(accountId, { charges: [charge(name, value)] })
      const order = reservation(accountId, { charges: [charge(name, add, capNow)] })
      expect(await ledger().holds.reserve(order)).toMatchObject({ kind })
      const counted = kind === 'held' ? value + add : value
      expect((await wallet(accountId)).counters).toEqual(new Map([[name, counted]]))
    })

    test('that is absent admits its cap at once', async () => {
      const accountId = await customer(1_000n)
      await held(accountId, { charges: [charge('tm#1#202611210510', cap, cap)] })
      expect((await wallet(accountId)).counters).toEqual(new Map([['tm#1#202611210510', cap]]))
    })

    test('of another key or period is another counter', async () => {
      const accountId = await customer(1_000n)
      await held(accountId, { charges: [charge('rm#1#202611210510', 1n, 1n)] })
      await held(accountId, { charges: [charge('rm#1#202611210511', 1n, 1n)] })
      await held(accountId, { charges: [charge('rm#11#202611210510', 1n, 1n)] })
      const order = reservation(accountId, { charges: [charge('rm#1#202611210510', 1n, 1n)] })
      expect(await refusedFor(order)).toBe('counter')
    })
  })

  describe('on a wallet that is closed before an id', () => {
    test.each([
      ['an earlier id is', 'refused', 0],
      ['that very id is', 'refused', 1],
      ['a later id is', 'held', 2],
    ] as const)('%s %s', async (_, kind, index) => {
      const accountId = await customer(1_000n)
      const three = [world.ids(), world.ids(), world.ids()]
      await ledger().closing.closeBefore(accountId, three[1] ?? '')
      const order = reservation(accountId, { holdId: three[index] ?? '' })
      expect(await ledger().holds.reserve(order)).toMatchObject({ kind })
      if (kind === 'refused') expect(await refusedFor(order)).toBe('closed')
    })
  })
}

export const charge = (name: string, add: bigint, cap = amountMax * 2n): CounterCharge => ({
  name,
  kind: 'spend_day',
  add,
  cap,
})
