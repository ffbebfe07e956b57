/** Names for the numbers of random calls, which no other sequence of calls uses. */
import { sweepBucketOf } from '../../src/ledger/wallet.ts'

export type Names = ReturnType<typeof namesOf>

/** Sequences sort by their number, so that listings can begin at one. */
export function namesOf(sequence: number) {
  const id = (index: number) =>
    `01K${String(sequence).padStart(11, '0')}${String(index).padStart(12, '0')}`
  const expiresAtSec = (bucket: number) => 2_000_000_000 + sequence * 3_600 + bucket * 60
  return {
    account: (index: number) => `acct_${id(index)}`,
    node: (index: number) => `n_${id(index)}`,
    hold: id,
    /** Each belongs to one account, as fresh ids do. */
    accountOfHold: (hold: number) => `acct_${id(hold % 2)}`,
    entry: (step: number) => id(1_000 + step),
    reference: (index: number) => `reference ${sequence} ${index}`,
    adjustment: (index: number) => `adjustment ${sequence} ${index}`,
    claim: (index: number) => `claim ${sequence} ${index}`,
    ticket: (index: number) => `ticket ${sequence} ${index}`,
    period: (index: number) => `2026-11-${21 + index}`,
    counter: (index: number) => ['cc#1', 'rm#1#202611210510', 'sd#2#20261121'][index] ?? 'cc#2',
    bucket: (index: number) => sweepBucketOf(expiresAtSec(index)),
    expiresAtSec,
  }
}
