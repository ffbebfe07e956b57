/** Requests on one wallet, from the hold to its settlement, over the embedded engine. */
import { finishHold } from '../../../src/ledger/finish.ts'
import { charging, type Ledger, openLedger } from '../../../test/ledger/open-ledger.ts'
import type { EmbeddedDynamodb } from '../../../test/support/embedded-dynamodb.ts'

export type Settled = {
  /** Settled requests a second of the clock. */
  readonly perSec: number
  /** Of this process, a request: without the engine. */
  readonly coreMs: number
}

export type OneWallet = {
  /** With so many requests at once, for so long. */
  readonly settle: (atOnce: number, durationMs: number) => Promise<Settled>
  /** Throws where the wallet's sums are not those of what was settled. */
  readonly prove: () => Promise<void>
}

const funded = 10n ** 15n
const held = 2_000_000n
const charge = 1_000_000n

export async function openOneWallet(engine: EmbeddedDynamodb): Promise<OneWallet> {
  const ledger = await openLedger(engine)
  const accountId = await ledger.customer(funded)
  let settled = 0
  return {
    settle: async (atOnce, durationMs) => {
      const before = settled
      const [cpu, beganMs] = [process.cpuUsage(), performance.now()]
      const client = async () => {
        while (performance.now() - beganMs < durationMs) {
          await settleOne(ledger, accountId)
          settled += 1
        }
      }
      await Promise.all(Array.from({ length: atOnce }, client))
      const tookMs = performance.now() - beganMs
      const { user, system } = process.cpuUsage(cpu)
      const requests = settled - before
      return { perSec: (requests / tookMs) * 1_000, coreMs: (user + system) / 1_000 / requests }
    },
    prove: async () => {
      const wallet = await ledger.sweeps.readWallet(accountId)
      const spent = BigInt(settled) * charge
      const isRight = wallet?.held === 0n && wallet.available === funded - spent
      if (!isRight) throw new Error(`the wallet is not ${spent} lighter after ${settled} requests`)
    },
  }
}

async function settleOne(ledger: Ledger, accountId: string): Promise<void> {
  const taken = await ledger.take(ledger.reservation(accountId, held))
  const finished = await finishHold(ledger.finishing, taken.hold, charging(taken, charge))
  if (finished.kind !== 'finished' || !finished.isSettled) throw new Error('it was not settled')
}
