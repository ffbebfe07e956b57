/**
 * Every rule of the ledger's ports, as tests that any store must pass: the fake that simulations run
 * on, and each real engine. What the fake admits and an engine refuses, or the reverse, would make
 * every simulated history worthless.
 */
import { afterAll, beforeAll, describe } from 'vitest'
import { describeClaims } from './claim-contract.ts'
import { describeClosing } from './closing-contract.ts'
import { describeEarnings } from './earnings-contract.ts'
import { describeEndings } from './ending-contract.ts'
import { describeGuards } from './guards-contract.ts'
import { describeLateClaims } from './late-claim-contract.ts'
import { describePayouts } from './payout-contract.ts'
import { describePosting } from './posting-contract.ts'
import { describeRaces } from './race-contract.ts'
import { describeReserve } from './reserve-contract.ts'
import { describeWallets } from './wallet-contract.ts'
import { type LedgerUnderTest, makeWorld } from './world.ts'

export type OpenedLedger = LedgerUnderTest & { readonly close: () => Promise<void> }

/** `open` gives an empty ledger, which all tests share: each makes accounts of its own. */
export function describeLedgerContract(name: string, open: () => Promise<OpenedLedger>): void {
  describe(`the ledger's contract, ${name}:`, () => {
    let opened: OpenedLedger | undefined
    beforeAll(async () => {
      opened = await open()
    })
    afterAll(() => opened?.close())
    const world = makeWorld(() => {
      if (!opened) throw new Error('the ledger is opened before the first test')
      return opened
    })
    describeReserve(world)
    describeClaims(world)
    describeEndings(world)
    describeWallets(world)
    describePosting(world)
    describeEarnings(world)
    describeGuards(world)
    describePayouts(world)
    describeLateClaims(world)
    describeClosing(world)
    describeRaces(world)
  })
}
