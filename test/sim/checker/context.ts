/** What every rule of the checker looks at. */
import type { Earnings } from '../../../src/ledger/earnings.ts'
import type { Wallet } from '../../../src/ledger/wallet.ts'
import type { NowMs } from '../../../src/protocol/clock.ts'
import type { Caps } from '../setting.ts'
import type { PriceLines } from './money-text.ts'
import type { Seen } from './record.ts'

export type CheckerContext = {
  readonly seen: Seen
  /** True time. */
  readonly nowMs: NowMs
  readonly deadlineMs: number
  readonly leaseMs: number
  /** Counts something that must happen sometimes. */
  readonly count: (what: string) => void
  /** For whoever reads the log. */
  readonly tell: (text: () => string) => void
  /** As the store holds it, with nothing under way. */
  readonly walletOf: (accountId: string) => Wallet | undefined
  readonly earningsOf: (nodeId: string) => Earnings | undefined
  readonly capsOf: (accountId: string, keyOrdinal: number) => Caps | undefined
  /** Of the catalogue now. */
  readonly newestVersion: () => number
  /** As the operator set it; undefined for a version that never was. */
  readonly priceOf: (version: number) => PriceLines | undefined
  readonly isOwn: (accountId: string, nodeId: string) => boolean
  /** When a hold id was made, by its maker's clock. */
  readonly timeOfId: (holdId: string) => number
}
