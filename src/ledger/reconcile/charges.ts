/** Folds decisions, in order of their hold ids: their sum, what of it is in the book, spend per key. */
import { formatUsd, type NanoUsd, parseUsd } from '../../money/nano-usd.ts'
import type { Book } from '../journal-ports.ts'
import type { Decision } from '../ports.ts'
import type { Wallet } from '../wallet.ts'
import { judgeDecision, type VerifyReceipt } from './decision.ts'
import { type Discrepancy, discrepancyOf, type Reading } from './ports.ts'
import type { ChargeSums } from './sums.ts'

export type SpendCaps = {
  readonly perDay: NanoUsd | undefined
  readonly perMonth: NanoUsd | undefined
  /** One of them was set anew or lowered then; undefined where none ever was. */
  readonly tightenedAtMs?: number | undefined
}

export type ChargeTerms = {
  readonly bookedThrough: string
  /** By key id; keys without a cap may be missing. */
  readonly caps: ReadonlyMap<string, SpendCaps>
  readonly verify: VerifyReceipt
  readonly timeOfId: (holdId: string) => number
}

export type FoldedCharges = {
  readonly sums: ChargeSums
  readonly discrepancies: readonly Discrepancy[]
}

export function foldDecisions(
  before: ChargeSums,
  page: readonly Reading<Decision>[],
  terms: ChargeTerms,
): FoldedCharges {
  let { charges } = before
  const booked = { ...before.booked }
  const spend = { ...before.spend }
  const discrepancies: Discrepancy[] = []
  for (const reading of page) {
    if (reading.kind === 'broken') {
      discrepancies.push(discrepancyOf(reading))
      continue
    }
    const decision = reading.value
    discrepancies.push(...judgeDecision(decision, terms.verify))
    charges += decision.charge
    if (decision.holdId <= terms.bookedThrough) {
      booked.charges += decision.charge
      booked.fees += parseUsd(decision.receipt.body.charge.fee_usd) ?? 0n
    }
    const keyId = decision.receipt.private.key_id
    const caps = keyId === null ? undefined : terms.caps.get(keyId)
    if (keyId === null || !caps) continue
    const spent = addSpend(spend[keyId], decision, terms)
    discrepancies.push(...judgeSpend(spent, decision, caps))
    spend[keyId] = spent
  }
  const through = page.at(-1)?.id ?? before.through
  return { sums: { through, charges, booked, spend }, discrepancies }
}

type Spend = ChargeSums['spend'][string]

/** Periods follow from the time in the hold's id, as the counters of the reserve do. */
function addSpend(
  spend: Spend | undefined,
  { holdId, charge }: Decision,
  { timeOfId }: ChargeTerms,
): Spend {
  const day = new Date(timeOfId(holdId)).toISOString().slice(0, 10)
  const month = day.slice(0, 7)
  const onDay = spend?.day === day ? spend.onDay : 0n
  const inMonth = spend?.month === month ? spend.inMonth : 0n
  return { day, onDay: onDay + charge, month, inMonth: inMonth + charge }
}

/** Gateways may go by the caps of before for so long: what they keep of a key, and what clocks are off. */
const changeKnownAfterMs = 2 * 60_000

/**
 * Told at the charge that passes the cap, and not again at every later one. A period in which a cap was set
 * anew or lowered may have begun above it.
 */
function judgeSpend(
  spend: Spend,
  { holdId, charge }: Decision,
  { perDay, perMonth, tightenedAtMs }: SpendCaps,
): Discrepancy[] {
  const rows = [
    { period: spend.day, sum: spend.onDay, cap: perDay },
    { period: spend.month, sum: spend.inMonth, cap: perMonth },
  ]
  const isBound = (period: string) =>
    tightenedAtMs === undefined || Date.parse(period) >= tightenedAtMs + changeKnownAfterMs
  return rows.flatMap(({ period, sum, cap }) =>
    cap !== undefined && sum > cap && sum - charge <= cap && isBound(period)
      ? {
          recordId: holdId,
          invariant: 'S14 no cap is ever exceeded',
          detail: `charges of ${period} come to ${formatUsd(sum)} USD, the cap is ${formatUsd(cap)} USD`,
        }
      : [],
  )
}

/** S13 of an account: what was accrued is what was charged, once. */
export function judgeBook(
  book: Book,
  { booked }: ChargeSums,
  { granted }: Pick<Wallet, 'granted'>,
): Discrepancy[] {
  const { charges, payable, unpayable, fees, grantsUsed } = book
  const shared = payable + unpayable + fees
  const rows = [
    ['the book’s shares add up to its charges', shared === charges, charges, shared],
    [
      'the book holds each charge once',
      charges === booked.charges && fees === booked.fees,
      charges,
      booked.charges,
    ],
    [
      'charges use up no more grants than there were',
      grantsUsed >= 0n && grantsUsed <= granted && grantsUsed <= charges,
      granted,
      grantsUsed,
    ],
  ] as const
  return rows
    .filter(([, holds]) => !holds)
    .map(([promise, , one, other]) => ({
      recordId: null,
      invariant: `S13 ${promise}`,
      detail: `${formatUsd(one)} USD and ${formatUsd(other)} USD through ${book.through}`,
    }))
}
