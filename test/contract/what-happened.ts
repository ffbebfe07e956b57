/** Names for what a random call met, to prove that the rare meetings were among those compared. */
import { refusalOf } from '../../src/ledger/reserve.ts'
import type { Answer } from './calls-on-ledger.ts'

export function whatHappened(answer: Answer): string {
  switch (answer.to) {
    case 'reserve': {
      const { outcome, order } = answer
      if (outcome.kind !== 'refused') return outcome.kind
      const by = [
        ...(outcome.claim ? ['claim'] : []),
        ...(outcome.wallet ? [refusalOf(outcome.wallet, order).kind] : []),
      ]
      return `hold refused by ${by.join(' and ')}`
    }
    case 'post': {
      const { outcome, entryKind } = answer
      if (outcome.kind === 'posted') return `${entryKind} posted`
      if (outcome.kind !== 'refused') return outcome.kind
      return `entry refused by ${typeof outcome.by === 'string' ? outcome.by : outcome.by.kind}`
    }
    case 'end':
      return answer.outcome.kind
    case 'other':
      return `${answer.kind}: ${typeof answer.outcome === 'boolean' ? answer.outcome : 'done'}`
  }
}

export const mustHappen: readonly string[] = [
  'held',
  'hold refused by duplicate',
  'hold refused by closed',
  'hold refused by suspended',
  'hold refused by key_revoked',
  'hold refused by counter',
  'hold refused by balance',
  'hold refused by claim',
  'hold refused by claim and duplicate',
  'decided',
  'decided_before',
  'settled',
  'applied_before',
  'move_bucket: true',
  'move_bucket: false',
  'leave_buckets: true',
  'leave_buckets: false',
  'set_status: true',
  'set_status: false',
  'top_up posted',
  'grant posted',
  'adjustment posted',
  'refund posted',
  'accrual posted',
  'late_claim posted',
  'late_release posted',
  'payout posted',
  'payout_paid posted',
  'payout_returned posted',
  'posted_before',
  'entry refused by wallet',
  'entry refused by earnings',
  'entry refused by refund',
  'entry refused by payout',
  'entry refused by late_claim',
  'entry refused by late_day',
  'entry refused by book',
  'entry refused by approval',
]
