/** Folds the entries of a customer, or of a host, and holds the sums against what is materialised. */
import { formatUsd, type NanoUsd } from '../../money/nano-usd.ts'
import { customerGain } from '../credit.ts'
import { addEarnings, type Earnings, type EarningsAmount, earningsDelta } from '../earnings.ts'
import type { Entry } from '../journal.ts'
import type { Wallet } from '../wallet.ts'
import { type Discrepancy, discrepancyOf, type Reading } from './ports.ts'
import type { CustomerSums, HostSums } from './sums.ts'

export type Folded<Sums> = {
  readonly sums: Sums
  readonly discrepancies: readonly Discrepancy[]
}

/** Charges that the page's refunds give back, by hold id; undefined where there is none. */
export type RefundedCharges = ReadonlyMap<string, NanoUsd | undefined>

/** Hold ids of the charges that the page gives back. */
export const refundedHolds = (page: readonly Reading<Entry>[]): string[] => [
  ...new Set(page.flatMap((one) => (isRefund(one) ? [one.value.about] : []))),
]

export function foldCustomerEntries(
  before: CustomerSums,
  page: readonly Reading<Entry>[],
  { accountId, charges }: { readonly accountId: string; readonly charges: RefundedCharges },
): Folded<CustomerSums> {
  let { funded, granted } = before
  const refunded = { ...before.refunded }
  const discrepancies: Discrepancy[] = []
  for (const reading of page) {
    if (reading.kind === 'broken') {
      discrepancies.push(discrepancyOf(reading))
      continue
    }
    const entry = reading.value
    const gain = customerGain(entry, accountId) ?? 0n
    funded += gain
    if (entry.kind === 'grant') granted += gain
    if (entry.kind !== 'refund') continue
    const sum = (refunded[entry.about] ?? 0n) + gain
    refunded[entry.about] = sum
    discrepancies.push(...judgeRefunds(entry, sum, charges.get(entry.about)))
  }
  const through = page.at(-1)?.id ?? before.through
  return { sums: { through, funded, granted, refunded }, discrepancies }
}

function judgeRefunds(entry: Entry, sum: NanoUsd, charge: NanoUsd | undefined): Discrepancy[] {
  if (charge !== undefined && sum <= charge) return []
  const detail =
    charge === undefined
      ? `there is no charge ${entry.about}`
      : `refunds come to ${formatUsd(sum)} USD, the charge was ${formatUsd(charge)} USD`
  return [{ recordId: entry.entryId, invariant: 'S8 refunds are at most the charge', detail }]
}

export function judgeFunded(sums: CustomerSums, wallet: Wallet): Discrepancy[] {
  const found: Discrepancy[] = []
  const wrong = (invariant: string, stands: NanoUsd, entries: NanoUsd) =>
    found.push({
      recordId: null,
      invariant,
      detail: `${formatUsd(stands)} USD stand on the wallet, entries come to ${formatUsd(entries)} USD`,
    })
  if (sums.funded !== wallet.funded) {
    wrong('S2 funded is the sum of entries', wallet.funded, sums.funded)
  }
  // Grants from before they were told apart are entries and stand on no wallet.
  if (wallet.granted > sums.granted) {
    wrong('S2 granted is the sum of grants', wallet.granted, sums.granted)
  }
  return found
}

export function foldHostEntries(
  before: HostSums,
  page: readonly Reading<Entry>[],
  nodeId: string,
): Folded<HostSums> {
  const { through, ...amounts } = before
  let earnings: Earnings = { nodeId, ...amounts }
  const discrepancies: Discrepancy[] = []
  for (const reading of page) {
    if (reading.kind === 'broken') discrepancies.push(discrepancyOf(reading))
    else earnings = addEarnings(earnings, earningsDelta(reading.value, nodeId))
  }
  const { nodeId: _, ...sums } = earnings
  return { sums: { through: page.at(-1)?.id ?? through, ...sums }, discrepancies }
}

export function judgeEarnings(sums: HostSums, earnings: Earnings): Discrepancy[] {
  return earningsAmounts
    .filter((name) => sums[name] !== earnings[name])
    .map((name) => ({
      recordId: null,
      invariant: 'S13 earnings are the sum of entries',
      detail: `${name} is ${formatUsd(earnings[name])} USD, entries come to ${formatUsd(sums[name])} USD`,
    }))
}

const earningsAmounts = [
  'accrued',
  'payable',
  'inTransit',
  'paid',
  'clawedBack',
  'escrowed',
] as const satisfies readonly EarningsAmount[]

type ReadRefund = Extract<Reading<Entry>, { kind: 'read' }>

const isRefund = (reading: Reading<Entry>): reading is ReadRefund =>
  reading.kind === 'read' && reading.value.kind === 'refund'
