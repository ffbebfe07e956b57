/** Idempotency claims: taken with the hold or not at all, and free again only as the port says. */
import { describe, expect, test } from 'vitest'
import type { IdempotencyClaim } from '../../src/ledger/ports.ts'
import { decisionOf, type ReservationChange, type World } from './world.ts'

/** Far off, so that no engine's own clean-up of expired items meddles. */
const nowSec = 4_000_000_000

export function describeClaims(world: World): void {
  const { ledger, wallet, customer, reservation, held } = world
  let claims = 0

  const aClaim = (change: Partial<IdempotencyClaim> = {}): IdempotencyClaim => {
    claims += 1
    const claimHash = `claim-${claims}`
    return { claimHash, fingerprint: 'body-1', nowSec, expiresAtSec: nowSec + 100, ...change }
  }

  const tryWith = (accountId: string, claim: IdempotencyClaim, change: ReservationChange = {}) =>
    ledger().holds.reserve(reservation(accountId, { ...change, claim }))

  describe('a claim', () => {
    test('is taken together with the hold', async () => {
      const accountId = await customer(1_000n)
      const order = await held(accountId, { claim: aClaim() })
      expect((await wallet(accountId)).holds).toEqual(new Map([[order.holdId, order.hold]]))
    })

    test('that is taken refuses every other hold, and names its own', async () => {
      const accountId = await customer(1_000n)
      const claim = aClaim()
      const { holdId } = await held(accountId, { claim })
      const before = await wallet(accountId)
      const other = { ...claim, fingerprint: 'body-2' }
      const refused = { kind: 'refused', claim: { fingerprint: 'body-1', holdId } }
      expect(await tryWith(accountId, claim)).toEqual(refused)
      expect(await tryWith(accountId, other)).toEqual(refused)
      expect(await wallet(accountId)).toEqual(before)
    })

    test('keeps its hold also after that has ended', async () => {
      const accountId = await customer(1_000n)
      const claim = aClaim()
      const order = await held(accountId, { claim })
      await ledger().holds.decide(decisionOf(order))
      await world.settle(order, 0n)
      const refused = { kind: 'refused', claim: { holdId: order.holdId } }
      expect(await tryWith(accountId, claim)).toMatchObject(refused)
    })

    test('is not taken where the wallet refuses', async () => {
      const accountId = await customer(1_000n)
      const claim = aClaim()
      const before = await wallet(accountId)
      const refused = await tryWith(accountId, claim, { amount: 1_001n })
      expect(refused).toEqual({ kind: 'refused', wallet: before })
      expect(await tryWith(accountId, claim)).toEqual({ kind: 'held' })
    })

    test('and a wallet that both refuse are both told', async () => {
      const accountId = await customer(1_000n)
      const claim = aClaim()
      const { holdId } = await held(accountId, { claim })
      expect(await tryWith(accountId, claim, { amount: 901n })).toEqual({
        kind: 'refused',
        wallet: await wallet(accountId),
        claim: { fingerprint: 'body-1', holdId },
      })
    })

    test('refuses the very order that took it, and tells its hold with the wallet', async () => {
      const accountId = await customer(1_000n)
      const order = await held(accountId, { claim: aClaim() })
      expect(await ledger().holds.reserve(order)).toEqual({
        kind: 'refused',
        wallet: await wallet(accountId),
        claim: { fingerprint: 'body-1', holdId: order.holdId },
      })
    })

    test('of another hash is another claim', async () => {
      const accountId = await customer(1_000n)
      await held(accountId, { claim: aClaim() })
      expect(await tryWith(accountId, aClaim())).toEqual({ kind: 'held' })
    })

    test.each([
      ['a second before its end', 'refused', -1],
      ['at its end', 'held', 0],
      ['a second after its end', 'held', 1],
    ] as const)('%s is %s by another', async (_, kind, afterSec) => {
      const accountId = await customer(1_000n)
      const claim = aClaim()
      await held(accountId, { claim })
      const late = { ...claim, nowSec: claim.expiresAtSec + afterSec, expiresAtSec: nowSec + 900 }
      expect(await tryWith(accountId, late)).toMatchObject({ kind })
    })

    test('that was taken again is its new owner’s, with a new end and body', async () => {
      const accountId = await customer(1_000n)
      const claim = aClaim()
      await held(accountId, { claim })
      const again = { ...claim, nowSec: nowSec + 100, expiresAtSec: nowSec + 300 }
      const { holdId } = await held(accountId, { claim: { ...again, fingerprint: 'body-2' } })
      expect(await tryWith(accountId, { ...again, nowSec: nowSec + 299 })).toEqual({
        kind: 'refused',
        claim: { fingerprint: 'body-2', holdId },
      })
    })
  })

  describe('a claim that replaces an earlier hold', () => {
    test('is taken over where it still names that hold', async () => {
      const accountId = await customer(1_000n)
      const claim = aClaim()
      const first = await held(accountId, { claim })
      const second = await held(accountId, { claim: { ...claim, replaces: first.holdId } })
      expect(await tryWith(accountId, claim)).toMatchObject({ claim: { holdId: second.holdId } })
    })

    test('is taken over by one of two', async () => {
      const accountId = await customer(1_000n)
      const claim = aClaim()
      const first = await held(accountId, { claim })
      const over = { ...claim, replaces: first.holdId }
      const second = await held(accountId, { claim: over })
      const before = await wallet(accountId)
      expect(await tryWith(accountId, over)).toEqual({
        kind: 'refused',
        claim: { fingerprint: 'body-1', holdId: second.holdId },
      })
      expect(await wallet(accountId)).toEqual(before)
    })

    test('is refused where it names another hold', async () => {
      const accountId = await customer(1_000n)
      const claim = aClaim()
      const { holdId } = await held(accountId, { claim })
      const wrong = { ...claim, replaces: world.ids() }
      expect(await tryWith(accountId, wrong)).toMatchObject({ kind: 'refused', claim: { holdId } })
    })

    test('is taken where it was cleaned away meanwhile', async () => {
      const accountId = await customer(1_000n)
      expect(await tryWith(accountId, aClaim({ replaces: world.ids() }))).toEqual({ kind: 'held' })
    })

    test('stays as it was where the wallet refuses', async () => {
      const accountId = await customer(1_000n)
      const claim = aClaim()
      const first = await held(accountId, { claim })
      const over = { ...claim, replaces: first.holdId }
      const refused = await tryWith(accountId, over, { amount: 901n })
      expect(refused).toEqual({ kind: 'refused', wallet: await wallet(accountId) })
      expect(await tryWith(accountId, over)).toEqual({ kind: 'held' })
    })
  })
}
