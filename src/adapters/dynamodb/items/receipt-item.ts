/**
 * A receipt as it is stored: its JSON deflated to a binary, because one write unit is one KB, beside
 * the keys by which it is found and the charge that the sweeper applies.
 */
import * as z from 'zod'
import type { Decision } from '../../../ledger/ports.ts'
import { assert } from '../../../protocol/assert.ts'
import { StoredReceipt } from '../../../protocol/receipt.ts'
import { Amount } from '../item-fields.ts'
import { packReceipt, unpackReceipt } from './packed-receipt.ts'

const ReceiptItem = z.object({
  pk: z.string(),
  sk: z.string(),
  receiptHash: z.string(),
  /** Indexed, so it stands here and not in the packed body as well. */
  nodeReceiptHash: z.string().optional(),
  /** Charge, nonce of the hold, packed body. Receipts from before it was recorded have no nonce. */
  c: Amount,
  n: z.string().optional(),
  b: z.instanceof(Uint8Array),
})

export const receiptKey = (accountId: string, holdId: string) => ({ pk: accountId, sk: holdId })

export function toReceiptItem({ accountId, holdId, nonce, charge, receipt }: Decision) {
  const isExpired = receipt.body.result.status === 'expired'
  const nodeReceiptHash = receipt.body.served?.node_receipt_hash
  const { receipt_hash: receiptHash, ...rest } = withNodeReceiptHash(receipt, null)
  return {
    ...receiptKey(accountId, holdId),
    receiptHash,
    ...(nodeReceiptHash ? { nodeReceiptHash } : {}),
    // Indexed: a host that claims late knows the hold and not the account.
    ...(isExpired ? { expiredHold: holdId } : {}),
    c: charge,
    ...(nonce === undefined ? {} : { n: nonce }),
    b: packReceipt(JSON.stringify(rest)),
  }
}

export function fromReceiptItem(item: Readonly<Record<string, unknown>>): Decision {
  const { pk, sk, receiptHash, nodeReceiptHash, c, n, b } = ReceiptItem.parse(withShortNames(item))
  const rest: unknown = JSON.parse(unpackReceipt(b))
  const packed = StoredReceipt.parse({ receipt_hash: receiptHash, ...Object(rest) })
  const receipt = withNodeReceiptHash(packed, nodeReceiptHash ?? null)
  assert(receipt.private.request_id === sk, 'a receipt stands under its hold', { holdId: sk })
  return { accountId: pk, holdId: sk, nonce: n, charge: c, receipt }
}

/** Names from before every byte was counted: a usual receipt is just below one KB. */
function withShortNames({ charge, body, ...item }: Readonly<Record<string, unknown>>) {
  return { c: charge, b: body, ...item }
}

function withNodeReceiptHash(receipt: StoredReceipt, hash: string | null): StoredReceipt {
  const { body } = receipt
  if (!body.served) return receipt
  return { ...receipt, body: { ...body, served: { ...body.served, node_receipt_hash: hash } } }
}
