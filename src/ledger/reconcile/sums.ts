/**
 * What the reconciler adds up, as plain sums that fit into one small item: an account with more
 * records than one run may read is gone on with by the next.
 */
import * as z from 'zod'

const Amount = z.codec(z.string().regex(/^-?\d{1,30}$/), z.bigint(), {
  decode: (digits) => BigInt(digits),
  encode: (amount) => amount.toString(),
})
const Amounts = z.record(z.string(), Amount)

/** Of all decisions up to `through`, a hold id. */
export const ChargeSums = z.strictObject({
  through: z.string(),
  charges: Amount,
  /** Of those that the book holds. */
  booked: z.strictObject({ charges: Amount, fees: Amount }),
  /** By id of a key with a cap: its newest day and month. */
  spend: z.record(
    z.string(),
    z.strictObject({ day: z.string(), onDay: Amount, month: z.string(), inMonth: Amount }),
  ),
})
export type ChargeSums = z.infer<typeof ChargeSums>

/** Of decisions that may come and go with the wallet while they are read. */
export const TailSums = z.strictObject({
  spentAtStart: Amount,
  /** Hold id → nonce. */
  openAtStart: z.record(z.string(), z.string()),
  /** All charges but those whose hold was open at the start: `spentAtStart` is not above it. */
  spentAtStartMax: Amount,
  /** Charges whose hold was gone when the wallet was last read: `spent` is not below it. */
  applied: Amount,
  /** Decided, and the hold was still open then. */
  pending: z.record(z.string(), z.strictObject({ nonce: z.string().nullable(), charge: Amount })),
})
export type TailSums = z.infer<typeof TailSums>

/** Of a customer's entries up to `through`, an entry id. */
export const CustomerSums = z.strictObject({
  through: z.string(),
  funded: Amount,
  granted: Amount,
  /** Hold id → what was given back of its charge. */
  refunded: Amounts,
})
export type CustomerSums = z.infer<typeof CustomerSums>

/** Of a node's entries up to `through`, an entry id. */
export const HostSums = z.strictObject({
  through: z.string(),
  accrued: Amount,
  payable: Amount,
  inTransit: Amount,
  paid: Amount,
  clawedBack: Amount,
  escrowed: Amount,
})
export type HostSums = z.infer<typeof HostSums>

const BookSums = z.strictObject({
  accountId: z.string(),
  through: z.string(),
  charges: Amount,
  payable: Amount,
  unpayable: Amount,
  fees: Amount,
  grantsUsed: Amount,
})

/** A second pass from the beginning: what the first one found wrong must be found again. */
const isConfirming = z.boolean()

export const AccountProgress = z.strictObject({
  v: z.literal(1),
  isConfirming,
  book: BookSums.nullable(),
  /** Decisions before this hold id are final; empty where none are. */
  fence: z.string(),
  charges: ChargeSums,
  entries: CustomerSums,
  /** Null until all that is final was read. */
  tail: TailSums.nullable(),
})
export type AccountProgress = z.infer<typeof AccountProgress>

export const NodeProgress = z.strictObject({ v: z.literal(1), isConfirming, entries: HostSums })
export type NodeProgress = z.infer<typeof NodeProgress>

export const noCharges: ChargeSums = {
  through: '',
  charges: 0n,
  booked: { charges: 0n, fees: 0n },
  spend: {},
}
export const noCustomerEntries: CustomerSums = {
  through: '',
  funded: 0n,
  granted: 0n,
  refunded: {},
}
export const noHostEntries: HostSums = {
  through: '',
  accrued: 0n,
  payable: 0n,
  inTransit: 0n,
  paid: 0n,
  clawedBack: 0n,
  escrowed: 0n,
}
