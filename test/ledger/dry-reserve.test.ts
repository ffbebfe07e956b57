import { beforeEach, describe, expect, test } from 'vitest'
import { makeDryReserve } from '../../src/ledger/dry-reserve.ts'
import { openHoldsMax, type ReserveOrder, reserve } from '../../src/ledger/reserve.ts'
import type { OrderTerms } from '../model/real-ledger.ts'
import { openMemoryLedger, type QuickLedger } from './open-memory-ledger.ts'

let ledger: QuickLedger
let accountId: string
beforeEach(async () => {
  ledger = openMemoryLedger()
  accountId = await ledger.customer(1_000n)
})

function order(change: Partial<OrderTerms> = {}): ReserveOrder {
  ledger.moveClock(1_000)
  return ledger.orderOf({ accountId, amount: 10n, ...change })
}
const really = (wanted: ReserveOrder) => reserve(ledger.reserving, wanted)
const dryly = (wanted: ReserveOrder) =>
  reserve(
    {
      ...ledger.reserving,
      repair: async () => false,
      store: makeDryReserve(ledger.memory.sweeps),
    },
    wanted,
  )
const told = ({ kind, ...rest }: Awaited<ReturnType<typeof reserve>>) => ({
  kind,
  refusal: 'refusal' in rest ? rest.refusal : undefined,
})

describe('a dry reserve', () => {
  const cases: readonly [string, Partial<OrderTerms>, number][] = [
    ['that fits', {}, 0],
    ['of all that is available', { amount: 1_000n }, 0],
    ['of more than that', { amount: 1_001n }, 0],
    ['beside as many holds as there may be', {}, openHoldsMax],
    ['beside one hold less', {}, openHoldsMax - 1],
    ['above a cap of the key', { caps: { spendPerDay: 15n } }, 1],
    ['within it', { caps: { spendPerDay: 20n } }, 1],
    ['of an account that there is not', { accountId: 'acct_nobody' }, 0],
  ]

  test.each(cases)(
    '%s is told what a real one is told, and changes nothing',
    async (_, changes, holds) => {
      for (let count = 0; count < holds; count += 1) {
        expect(await really(order({ ...changes, accountId, amount: 10n }))).toMatchObject({
          kind: 'held',
        })
      }
      const before = await ledger.memory.sweeps.readWallet(accountId)
      const wanted = order(changes)
      const dry = await dryly(wanted)
      expect(await ledger.memory.sweeps.readWallet(accountId)).toEqual(before)
      expect(told(dry)).toEqual(told(await really(wanted)))
    },
  )
})
