/** Many at once: what one condition lets through once, it lets through once. */
import { describe, expect, test } from 'vitest'
import { resolveUnknown } from '../../src/ledger/retry.ts'
import { charge } from './reserve-contract.ts'
import { accrualFor, decisionOf, topUp, type World } from './world.ts'

const racers = 8

export function describeRaces(world: World): void {
  const { ledger, wallet, customer, reservation, held, settle, anEntry } = world

  const allAtOnce = <T>(run: (index: number) => Promise<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: racers }, (_, index) => run(index)))
  const count = (outcomes: readonly { readonly kind: string }[], kind: string) =>
    outcomes.filter((outcome) => outcome.kind === kind).length
  /** Writers that crowd each other out of a transaction try again. */
  const known = <T extends { readonly kind: string }>(write: () => Promise<T>) =>
    resolveUnknown(write, async () => undefined)

  describe(`of ${racers} at once`, () => {
    test('as many are held as the balance covers', async () => {
      const accountId = await customer(399n)
      const outcomes = await allAtOnce(() => ledger().holds.reserve(reservation(accountId)))
      expect(count(outcomes, 'held')).toBe(3)
      expect(await wallet(accountId)).toMatchObject({ available: 99n, held: 300n })
    })

    test('as many are held as a counter has room for', async () => {
      const accountId = await customer(1_000n)
      const charges = [charge('cc#1', 1n, 5n)]
      const outcomes = await allAtOnce(() =>
        ledger().holds.reserve(reservation(accountId, { charges })),
      )
      expect(count(outcomes, 'held')).toBe(5)
      expect((await wallet(accountId)).counters).toEqual(new Map([['cc#1', 5n]]))
    })

    test('one takes the claim, with the one hold', async () => {
      const accountId = await customer(1_000n)
      const nowSec = 4_000_000_000
      const claimHash = `race ${world.ids()}`
      const claim = { claimHash, fingerprint: 'body', nowSec, expiresAtSec: nowSec + 1 }
      await allAtOnce(() => {
        const order = reservation(accountId, { claim })
        return known(() => ledger().holds.reserve(order))
      })
      const after = await wallet(accountId)
      const refused = await ledger().holds.reserve(reservation(accountId, { claim }))
      expect(after).toMatchObject({ available: 900n, held: 100n })
      expect([...after.holds.keys()]).toEqual([refused.kind === 'refused' && refused.claim?.holdId])
    })

    test('one decides, and all others learn of it', async () => {
      const order = reservation(await customer())
      const outcomes = await allAtOnce((index) =>
        ledger().holds.decide(decisionOf(order, { charge: BigInt(index) })),
      )
      const decision = await ledger().holds.readDecision(order.accountId, order.holdId)
      expect(count(outcomes, 'decided')).toBe(1)
      for (const outcome of outcomes) {
        if (outcome.kind !== 'decided')
          expect(outcome).toEqual({ kind: 'decided_before', decision })
      }
    })

    test('one settles', async () => {
      const order = await held(await customer(1_000n))
      const outcomes = await allAtOnce(() => settle(order, 40n))
      expect(count(outcomes, 'settled')).toBe(1)
      expect(await wallet(order.accountId)).toMatchObject({ available: 960n, held: 0n, spent: 40n })
    })

    test('one posts under a reference', async () => {
      const accountId = await customer()
      const reference = `race ${world.ids()}`
      await allAtOnce(() => {
        const entry = anEntry({ kind: 'top_up', reference, legs: topUp(accountId, 10n) })
        return known(() => ledger().journal.post({ entry, guards: [] }))
      })
      expect(await wallet(accountId)).toMatchObject({ available: 10n, funded: 10n })
    })

    test('three refund thirty of a hundred', async () => {
      const [accountId, holdId, nodeId] = [world.nobody(), world.ids(), `n_${world.ids()}`]
      const guard = { kind: 'refund', accountId, holdId, amount: 30n, charge: 100n } as const
      await allAtOnce(() => {
        const entry = anEntry(accrualFor(nodeId, 1n))
        return known(() => ledger().journal.post({ entry, guards: [guard] }))
      })
      expect(await ledger().journal.readEarnings(nodeId)).toMatchObject({ payable: 3n })
    })
  })
}
