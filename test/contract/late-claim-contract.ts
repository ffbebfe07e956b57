/** Late claims as a posting's guards: each ticket once, and only so much a day. */
import { describe, expect, test } from 'vitest'
import type { Guard, LateClaim, PostOutcome } from '../../src/ledger/journal-ports.ts'
import { amountMax, posted, refusedBy, type World } from './world.ts'

export function describeLateClaims(world: World): void {
  const { ledger, guarded } = world

  describe('a late claim', () => {
    const aClaim = (change: Partial<LateClaim> = {}): LateClaim => ({
      ticketHash: `ticket ${world.ids()}`,
      nodeId: `n_${world.ids()}`,
      accountId: `acct_${world.ids()}`,
      holdId: world.ids(),
      amount: amountMax,
      state: 'escrowed',
      claimedAtMs: 1_795_238_400_123,
      payableAtMs: 1_795_238_400_124,
      ...change,
    })
    const guard = (claim: LateClaim, from: LateClaim['state'] | undefined): Guard => ({
      kind: 'late_claim',
      claim,
      from,
    })
    const read = ({ ticketHash }: LateClaim) => ledger().journal.readLateClaim(ticketHash)

    test('is escrowed once and released once', async () => {
      const escrowed = aClaim()
      const released: LateClaim = { ...escrowed, state: 'released' }
      expect(await read(escrowed)).toBeUndefined()
      const early = guard(released, 'escrowed')
      expect(await guarded(early)).toEqual(refusedBy(early))
      expect(await guarded(guard(escrowed, undefined))).toEqual(posted)
      expect(await read(escrowed)).toEqual(escrowed)
      const again = guard({ ...escrowed, amount: 1n }, undefined)
      expect(await guarded(again)).toEqual(refusedBy(again))
      expect(await guarded(guard(released, 'escrowed'))).toEqual(posted)
      expect(await read(escrowed)).toEqual(released)
      const late = guard(released, 'escrowed')
      expect(await guarded(late)).toEqual(refusedBy(late))
    })

    test('is listed for its node while it is escrowed, in order of time', async () => {
      const { nodeId } = aClaim()
      const claims = [3, 1, 2].map((payableAtMs) => aClaim({ nodeId, payableAtMs }))
      for (const claim of claims) await guarded(guard(claim, undefined))
      await guarded(guard(aClaim(), undefined))
      const escrowed = (limit: number) => ledger().journal.listEscrowed(nodeId, limit)
      const [third, first, second] = claims
      expect(await escrowed(100)).toEqual([first, second, third])
      expect(await escrowed(2)).toEqual([first, second])
      if (first) await guarded(guard({ ...first, state: 'released' }, 'escrowed'))
      expect(await escrowed(2)).toEqual([second, third])
    })
  })

  describe('the late claims of a day', () => {
    type Day = Extract<Guard, { kind: 'late_day' }>
    const aDay = (change: Partial<Day> = {}): Day => ({
      kind: 'late_day',
      subject: `n_${world.ids()}`,
      day: '2026-11-21',
      countMax: 3,
      amount: 10n,
      amountMax: 100n,
      ...change,
    })
    const tries = async (guard: Day, amounts: readonly bigint[]) => {
      const outcomes: string[] = []
      for (const amount of amounts) {
        const one = { ...guard, amount }
        const outcome = await guarded(one)
        expect([posted, refusedBy(one)]).toContainEqual(outcome)
        outcomes.push(outcome.kind)
      }
      return outcomes
    }

    test.each<[string, Partial<Day>, readonly bigint[], readonly PostOutcome['kind'][]]>([
      ['are as many as allowed', {}, [1n, 1n, 1n, 1n], ['posted', 'posted', 'posted', 'refused']],
      ['are none where none is allowed', { countMax: 0 }, [1n], ['refused']],
      ['are as much as allowed', {}, [99n, 2n, 1n, 1n], ['posted', 'refused', 'posted', 'refused']],
      ['may be all of it at once', {}, [100n, 0n], ['posted', 'posted']],
      ['are not one nano-USD more at once', {}, [101n, 100n], ['refused', 'posted']],
      [
        'reach the largest amount',
        { amountMax },
        [amountMax, 1n, 0n],
        ['posted', 'refused', 'posted'],
      ],
    ])('%s', async (_, change, amounts, outcomes) => {
      expect(await tries(aDay(change), amounts)).toEqual(outcomes)
    })

    test('are counted by subject and day', async () => {
      const guard = aDay({ countMax: 1 })
      expect(await tries(guard, [1n, 1n])).toEqual(['posted', 'refused'])
      expect(await tries({ ...guard, day: '2026-11-22' }, [1n])).toEqual(['posted'])
      expect(await tries({ ...guard, subject: 'acct_other' }, [1n])).toEqual(['posted'])
    })
  })
}
