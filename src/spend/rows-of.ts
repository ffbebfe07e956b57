/** What one receipt adds to the sums of its day: one row for each whom or what it concerns. */
import { splitOf } from '../ledger/charge.ts'
import type { Decision } from '../ledger/ports.ts'
import type { Dimension, SpendRow } from './ports.ts'
import { noSpend, type Spend } from './spend.ts'

/** Of an account, as an operator set them: name → value. */
export type Tags = Readonly<Record<string, string>>

export type Counted = {
  readonly decision: Decision
  /** When the request was taken: it names the day, as it does for caps on spend. */
  readonly takenAtMs: number
  readonly decidedAtMs: number
  readonly tags: Tags
}

export const dayOf = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10)

export const keyValue = (accountId: string, keyId: string): string => `${accountId}/${keyId}`
export const tagValue = (name: string, value: string): string => `${name}=${value}`

/** Receipts without a model, a key or a host that served add nothing to the rows of those. */
export function rowsOf({ decision, takenAtMs, decidedAtMs, tags }: Counted): SpendRow[] {
  const { accountId, receipt } = decision
  const { nodeId, ...shares } = splitOf(decision)
  const { key_id: keyId } = receipt.private
  const { model } = receipt.body
  const spend = spendOf(decision, shares)
  const row = (dimension: Dimension, value: string): SpendRow => ({
    dimension,
    value,
    day: dayOf(takenAtMs),
    spend,
    newestMs: decidedAtMs,
  })
  return [
    row('all', 'all'),
    row('account', accountId),
    ...(keyId === null ? [] : [row('key', keyValue(accountId, keyId))]),
    ...(model === null ? [] : [row('model', model)]),
    ...(nodeId === undefined ? [] : [row('node', nodeId)]),
    ...Object.entries(tags).map(([name, value]) => row('tag', tagValue(name, value))),
  ]
}

function spendOf(
  { charge, receipt }: Decision,
  { hostShare, fee }: Pick<Spend, 'hostShare' | 'fee'>,
): Spend {
  const billed = receipt.body.served?.usage.billed
  return {
    ...noSpend,
    requests: 1n,
    [receipt.body.result.status]: 1n,
    promptTokens: BigInt(billed?.prompt ?? 0),
    cachedPromptTokens: BigInt(billed?.cached_prompt ?? 0),
    completionTokens: BigInt(billed?.completion ?? 0),
    units: BigInt(billed?.units ?? 0),
    charge,
    hostShare,
    fee,
  }
}
