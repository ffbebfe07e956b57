/**
 * What customers' requests came to, from the sums that are kept of receipts. They follow the ledger by
 * seconds and decide nothing: balances and caps are the ledger's.
 */
import { isoTime } from '../http/iso-time.ts'
import type { KeyStore } from '../keys/api-key.ts'
import { formatUsd } from '../money/nano-usd.ts'
import { ok, type Result } from '../protocol/result.ts'
import type { SpendStore } from '../spend/ports.ts'
import { type SpendLine, spendByDay, spendByValue } from '../spend/show-spend.ts'
import type { Spend } from '../spend/spend.ts'
import { askedSpend, type SpendQuery } from './spend-query.ts'

export type SpendDeps = {
  readonly spend: Pick<SpendStore, 'rowsOf' | 'rowsByValue'>
  readonly keys: Pick<KeyStore, 'readById'>
}

export async function showSpend(deps: SpendDeps, query: SpendQuery): Promise<Result<object>> {
  const asked = await askedSpend(deps.keys, query)
  if (!asked.ok) return asked
  const { by, from, to } = query
  const { subject, lines } = asked.value
  const { days, total } = await spendByDay(deps.spend, subject, { from, to })
  const page = await pageOf()
  return ok({
    object: 'list',
    by,
    from,
    to,
    as_of: total.newestMs === undefined ? null : isoTime(total.newestMs),
    data: page.items.map((line) => ({ ...nameOf(by, line), ...toWireSpend(line.spend) })),
    total: toWireSpend(total.spend),
    has_more: page.next !== undefined,
    next: page.next ?? null,
  })

  async function pageOf() {
    if (lines.kind === 'days') return { items: days, next: undefined }
    if (lines.kind === 'values') {
      return spendByValue(deps.spend, { ...query, ...lines, after: query.after }, { from, to })
    }
    const line = { value: subject.value, spend: total.spend }
    return { items: days.length === 0 ? [] : [line], next: undefined }
  }
}

function nameOf(by: SpendQuery['by'], { value }: SpendLine) {
  switch (by) {
    case 'day':
      return { day: value }
    case 'account':
      return { account_id: value }
    case 'key': {
      const [accountId, keyId] = value.split('/')
      return { account_id: accountId, key_id: keyId }
    }
    case 'model':
      return { model: value }
    case 'node':
      return { node_id: value }
    case 'tag':
      return { tag: value }
  }
}

const toWireSpend = (spend: Spend) => ({
  requests: Number(spend.requests),
  completed: Number(spend.completed),
  partial: Number(spend.partial),
  failed: Number(spend.failed),
  expired: Number(spend.expired),
  prompt_tokens: Number(spend.promptTokens),
  cached_prompt_tokens: Number(spend.cachedPromptTokens),
  completion_tokens: Number(spend.completionTokens),
  units: Number(spend.units),
  charge_usd: formatUsd(spend.charge),
  host_share_usd: formatUsd(spend.hostShare),
  fee_usd: formatUsd(spend.fee),
})
