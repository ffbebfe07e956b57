/** How fast the ledger is proved, and how fast it is on the one item that all of a customer's money is in. */
import { startEmbeddedDynamodb } from '../../../test/support/embedded-dynamodb.ts'
import { inRounds, spreadOf, told } from '../../harness/rounds.ts'
import type { Suite, SuiteReport } from '../../harness/suite.ts'
import { openOneWallet, type Settled } from './settled.ts'
import { type Simulated, simulated } from './simulated.ts'

const histories = 1_500
const requestsAtOnce = [1, 8, 16] as const
const rounds = 5
const roundMs = 800

export const suite: Suite = {
  name: 'ledger',
  title:
    'Histories of the simulator with every promise checked, and requests from hold to settlement on one wallet over the embedded engine.',
  run: async ({ progress, signal }) => {
    progress(`${histories} histories`)
    const played = await simulated(histories)
    signal.throwIfAborted()
    progress('settlement on one wallet')
    return reportOf(played, await settledInRounds(signal))
  },
}

type BySettled = ReadonlyMap<string, readonly Settled[]>

async function settledInRounds(signal: AbortSignal): Promise<BySettled> {
  const engine = await startEmbeddedDynamodb()
  try {
    const wallet = await openOneWallet(engine)
    const variants = Object.fromEntries(
      requestsAtOnce.map((atOnce) => [`${atOnce}`, () => wallet.settle(atOnce, roundMs)] as const),
    )
    const found = await inRounds(variants, { rounds, signal })
    await wallet.prove()
    return found
  } finally {
    engine.close()
    await engine.stop()
  }
}

function reportOf({ events, perCoreSec }: Simulated, settled: BySettled): SuiteReport {
  const perSec = spreadOf(perCoreSec)
  return {
    tables: [
      {
        title: 'Simulator, every promise checked',
        columns: ['histories', 'events', 'histories a core second', 'ms of a core each'],
        rows: [[histories, events, told(perSec), 1_000 / perSec.median]],
      },
      {
        title: 'One wallet, from hold to settlement, with receipts',
        columns: ['requests at once', 'settled a second', 'ms of a core each, without the engine'],
        rows: [...settled].map(([atOnce, found]) => [
          atOnce,
          told(spreadOf(found.map((one) => one.perSec))),
          told(spreadOf(found.map((one) => one.coreMs))),
        ]),
      },
    ],
    figures: { simulation: perSec.median },
    plots: {},
    notes: [
      'Histories are counted against the time of a core, all threads together, in batches of 100 once the code is compiled.',
      'A settled request is three writes, hold, decision and settlement, and a signed receipt; engine and client share the machine.',
    ],
    skipped: [],
  }
}
