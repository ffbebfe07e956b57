/**
 * What a load must not show. Pure: what clients saw and what the books say in, one sentence for each broken
 * promise out.
 */
import { formatUsd, parseUsd } from '../../../src/money/nano-usd.ts'
import { errorTable } from '../../../src/protocol/errors.ts'
import type { StoredReceipt } from '../../../src/protocol/receipt.ts'
import { commitment, privateHash } from '../../../src/receipts/make-receipt.ts'
import type { Books, CustomerBook } from './books.ts'
import type { Reply } from './messages.ts'

export type Violation = {
  readonly promise:
    | 'every reply ends'
    | 'errors are typed'
    | 'one host writes a reply'
    | 'receipts tell what was delivered'
    | 'a key is charged once'
    | 'an error instead of an object is free'
    | 'receipts verify'
    | 'no hold is left'
    | 'balances add up'
    | 'no process complains'
  readonly detail: string
}

type Receipts = Books['receipts']

export function judgeReply(reply: Reply, receipts: Receipts): Violation[] {
  const { act, end, code, cause, marks, requestId } = reply
  const of = `${act} ${requestId ?? 'without an id'}`
  const found: Violation[] = []
  if (end === 'broken') found.push({ promise: 'every reply ends', detail: `${of}: ${cause}` })
  if (end === 'error' && !isTyped(code)) {
    found.push({ promise: 'errors are typed', detail: `${of}: ${code}` })
  }
  if (marks.length > 1) {
    found.push({ promise: 'one host writes a reply', detail: `${of}: ${marks.join(', ')}` })
  }
  if (isPaidError(reply, receipts)) {
    found.push({ promise: 'an error instead of an object is free', detail: `${of}: ${code}` })
  }
  const fault = receiptFault(reply, receipts)
  if (fault) {
    found.push({ promise: 'receipts tell what was delivered', detail: `${of}: ${fault}` })
  }
  return found
}

/** `internal_error` is typed, too, but it says that we failed. */
const isTyped = (code: string | null): boolean =>
  code !== null && code !== 'internal_error' && Object.hasOwn(errorTable, code)

/** Of an answer that is shown when it is whole, nobody has seen a word. */
const isPaidError = ({ isStreamed, end, requestId }: Reply, receipts: Receipts): boolean =>
  !isStreamed && end === 'error' && chargeOf(receipts.get(requestId ?? '')) > 0n

const chargeOf = (receipt: StoredReceipt | undefined): bigint =>
  parseUsd(receipt?.body.charge.charge_usd ?? '0') ?? 0n

/** The receipt that a reply names is the stored one, over this charge and these very words. */
function receiptFault(reply: Reply, receipts: Receipts): string | undefined {
  const { receiptHash, requestId, costUsd, end } = reply
  if (receiptHash === null) return end === 'done' || end === 'json' ? 'no receipt' : undefined
  // A repetition is refused with the receipt of the request that it repeats.
  if (reply.code === 'idempotency_completed') return undefined
  const receipt = requestId === null ? undefined : receipts.get(requestId)
  if (receipt?.receipt_hash !== receiptHash) return `receipt ${receiptHash} is not stored`
  if (costUsd !== null && receipt.body.charge.charge_usd !== costUsd) {
    return `${costUsd} USD shown, ${receipt.body.charge.charge_usd} USD charged`
  }
  return outputFault(reply, receipt)
}

function outputFault({ salt, textSha256 }: Reply, receipt: StoredReceipt): string | undefined {
  if (salt === null) return undefined
  const { body, private: part } = receipt
  if (privateHash(part, salt) !== body.private_sha256) return 'the salt does not open the receipt'
  const committed = part.output_commitment
  if (textSha256 === null || committed === null) return undefined
  return commitment(salt, textSha256) === committed ? undefined : 'another text was committed to'
}

/** Of all requests under one idempotency key at most one cost anything, or was answered whole. */
export function judgeRepetitions(replies: readonly Reply[], receipts: Receipts): Violation[] {
  const repeated = replies.filter(({ idempotencyKey }) => idempotencyKey !== null)
  const byKey = Map.groupBy(repeated, (one) => `${one.accountId}, ${one.idempotencyKey}`)
  return [...byKey].flatMap(([key, ofKey]): Violation[] => {
    const ids = new Set(ofKey.flatMap(({ requestId }) => requestId ?? []))
    const effective = [...ids].filter((id) => isEffective(receipts.get(id)))
    if (effective.length < 2) return []
    return [{ promise: 'a key is charged once', detail: `${key}: ${effective.join(', ')}` }]
  })
}

const isEffective = (receipt: StoredReceipt | undefined): boolean =>
  chargeOf(receipt) > 0n || receipt?.body.result.status === 'completed'

export function judgeBooks(books: Books): Violation[] {
  const expired = [...books.receipts].filter(([, one]) => one.body.result.status === 'expired')
  const { accrued, reconciled, sweptHolds, unverified } = books
  const found: Violation[] = [
    ...unverified.map((detail) => ({ promise: 'receipts verify', detail }) as const),
    ...expired.map(([detail]) => ({ promise: 'no hold is left', detail }) as const),
    ...reconciled.discrepancies.map((detail) => ({ promise: 'balances add up', detail }) as const),
    ...books.customers.flatMap(judgeCustomer),
  ]
  const told = (promise: Violation['promise'], count: number, what: string) => {
    if (count > 0) found.push({ promise, detail: `${count} ${what}` })
  }
  told('no hold is left', sweptHolds, 'holds were left to the sweeper')
  told('balances add up', accrued.failed, 'accounts could not be accrued')
  told('balances add up', reconciled.open, 'accounts or nodes could not be proven')
  told(
    'balances add up',
    books.customers.length - reconciled.accounts,
    'accounts were never looked at',
  )
  return found
}

function judgeCustomer({ accountId, funded, wallet, charges }: CustomerBook): Violation[] {
  const { available, held, spent } = wallet
  const rows = [
    ['held is 0', held, 0n],
    ['available and spent are what was paid in', available + spent, funded],
    ['the wallet knows what was paid in', wallet.funded, funded],
    ['spent is the sum of receipts', spent, charges],
  ] as const
  return rows
    .filter(([, one, other]) => one !== other)
    .map(([rule, one, other]) => ({
      promise: 'balances add up',
      detail: `${accountId}: ${rule}, ${formatUsd(one)} and ${formatUsd(other)} USD`,
    }))
}
