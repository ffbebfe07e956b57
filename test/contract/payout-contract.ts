/** Payouts as a posting's guard: each state once, whoever repeats it. */
import { describe, expect, test } from 'vitest'
import type { Guard, Payout } from '../../src/ledger/journal-ports.ts'
import { walk } from './pages.ts'
import { amountMax, posted, refusedBy, type World } from './world.ts'

export function describePayouts(world: World): void {
  const { ledger, guarded } = world

  describe('a payout', () => {
    const aPayout = (change: Partial<Payout> = {}): Payout => ({
      nodeId: `n_${world.ids()}`,
      period: '2026-11-21',
      amount: amountMax,
      state: 'in_transit',
      closedAtMs: 1_795_238_400_123,
      transferId: undefined,
      ...change,
    })
    const guard = (payout: Payout, from: Payout['state'] | undefined): Guard => ({
      kind: 'payout',
      payout,
      from,
    })
    const read = ({ nodeId, period }: Payout) => ledger().journal.readPayout(nodeId, period)

    test.each(['paid', 'returned'] as const)('is closed once and then %s once', async (state) => {
      const closed = aPayout()
      const confirmed: Payout = { ...closed, state, transferId: 'transfer-1' }
      expect(await read(closed)).toBeUndefined()
      const early = guard(confirmed, 'in_transit')
      expect(await guarded(early)).toEqual(refusedBy(early))
      expect(await guarded(guard(closed, undefined))).toEqual(posted)
      expect(await read(closed)).toEqual(closed)
      const again = guard({ ...closed, amount: 1n }, undefined)
      expect(await guarded(again)).toEqual(refusedBy(again))
      expect(await read(closed)).toEqual(closed)
      expect(await guarded(guard(confirmed, 'in_transit'))).toEqual(posted)
      expect(await read(closed)).toEqual(confirmed)
      for (const other of ['paid', 'returned'] as const) {
        const late = guard({ ...confirmed, state: other, transferId: 'transfer-2' }, 'in_transit')
        expect(await guarded(late)).toEqual(refusedBy(late))
      }
      expect(await read(closed)).toEqual(confirmed)
    })

    test('of another node or period is another one', async () => {
      const first = aPayout()
      expect(await guarded(guard(first, undefined))).toEqual(posted)
      expect(await guarded(guard({ ...first, period: '2026-11-22' }, undefined))).toEqual(posted)
      const other = { ...first, nodeId: `n_${world.ids()}` }
      expect(await guarded(guard(other, undefined))).toEqual(posted)
    })

    test('is listed by node, newest period first, however the pages fall', async () => {
      const nodeId = `n_${world.ids()}`
      const periods = ['2026-11-30', '2026-12-01', '2026-11-22']
      for (const period of periods) await guarded(guard(aPayout({ nodeId, period }), undefined))
      await guarded(guard(aPayout(), undefined))
      for (const limit of [1, 2, 3, 100]) {
        const listed = await walk((page) => ledger().journal.listPayouts(nodeId, page), { limit })
        expect(listed.map(({ period }) => period)).toEqual(periods.toSorted().toReversed())
      }
    })
  })
}
