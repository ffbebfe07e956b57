/** A charge as the journal reads it off its decision: who served, and how it is shared. */
import { type NanoUsd, parseUsd } from '../money/nano-usd.ts'
import { assert } from '../protocol/assert.ts'
import type { Decision } from './ports.ts'

export type ChargeShares = {
  /** The node that served; undefined where nobody did. */
  readonly nodeId: string | undefined
  readonly hostShare: NanoUsd
  readonly fee: NanoUsd
}

/** Asserts S9 and S12: one host at most, and shares that add up to the charge. */
export function splitOf({ holdId, charge, receipt }: Decision): ChargeShares {
  const served = receipt.private.attempts.filter(({ outcome }) => outcome === 'served')
  assert(served.length <= 1, 'S9 one host is paid', { holdId })
  const hostShare = parseUsd(receipt.body.charge.host_share_usd) ?? -1n
  const fee = parseUsd(receipt.body.charge.fee_usd) ?? -1n
  const isWhole = hostShare >= 0n && fee >= 0n && hostShare + fee === charge
  assert(isWhole, 'S12 shares add up to the charge', { holdId, charge, hostShare, fee })
  return { nodeId: served[0]?.node_id, hostShare, fee }
}
