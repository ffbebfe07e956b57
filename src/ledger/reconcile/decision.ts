/** One decision against itself: its receipt says what was charged and why, and both must follow. */
import { formatUsd, parseUsd } from '../../money/nano-usd.ts'
import { InvariantError } from '../../protocol/assert.ts'
import type { StoredReceipt } from '../../protocol/receipt.ts'
import type { ReceiptCheck } from '../../receipts/verify-receipt.ts'
import { splitOf } from '../charge.ts'
import type { Decision } from '../ports.ts'
import type { Discrepancy } from './ports.ts'

/** The checks that a customer runs on a receipt; `private` cannot be judged without its salt. */
export type VerifyReceipt = (receipt: StoredReceipt) => readonly ReceiptCheck[]

export function judgeDecision(decision: Decision, verify: VerifyReceipt): Discrepancy[] {
  const { accountId, holdId, charge, receipt } = decision
  const wrong = (invariant: string, detail: string) => ({ recordId: holdId, invariant, detail })
  const found = verify(receipt)
    .filter(({ outcome }) => outcome === 'failed')
    .map(({ name, detail }) => wrong(invariantOf[name] ?? `receipt ${name}`, `not so: ${detail}`))
  if (receipt.private.account_id !== accountId) {
    found.push(wrong('S7 a receipt is its account’s own', receipt.private.account_id))
  }
  const stated = receipt.body.charge.charge_usd
  if (parseUsd(stated) === charge) return [...found, ...judgeShares(decision)]
  const detail = `applied ${formatUsd(charge)} USD, the receipt states ${stated} USD`
  return [...found, wrong('S7 the receipt states the charge that was applied', detail)]
}

/** S9 and S12, as the accrual asserts them. */
function judgeShares(decision: Decision): Discrepancy[] {
  try {
    splitOf(decision)
    return []
  } catch (error) {
    if (!(error instanceof InvariantError)) throw error
    return [
      { recordId: decision.holdId, invariant: error.invariant, detail: 'shares do not add up' },
    ]
  }
}

const invariantOf: Readonly<Record<string, string>> = {
  hash: 'S7 the receipt has its hash',
  signature: 'S7 the receipt is signed by us',
  hold: 'S6 0 ≤ charge ≤ hold',
  charge: 'S11 the charge follows from the receipt',
  split: 'S12 shares follow from the charge',
  node: 'S9 the host that is paid is the one that served',
  claim: 'S9 the host that is paid signed for it',
}
