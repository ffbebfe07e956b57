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
  charge: Amount,
  body: z.instanceof(Uint8Array),
})

export const receiptKey = (accountId: string, holdId: string) => ({ pk: accountId, sk: holdId })

export function toReceiptItem({ accountId, holdId, charge, receipt }: Decision) {
  const nodeReceiptHash = receipt.body.served?.node_receipt_hash
  const { receipt_hash: receiptHash, ...rest } = withNodeReceiptHash(receipt, null)
  return {
    ...receiptKey(accountId, holdId),
    receiptHash,
    ...(nodeReceiptHash ? { nodeReceiptHash } : {}),
    charge,
    body: packReceipt(JSON.stringify(rest)),
  }
}

export function fromReceiptItem(item: Readonly<Record<string, unknown>>): Decision {
  const { pk, sk, receiptHash, nodeReceiptHash, charge, body } = ReceiptItem.parse(item)
  const rest: unknown = JSON.parse(unpackReceipt(body))
  const packed = StoredReceipt.parse({ receipt_hash: receiptHash, ...Object(rest) })
  const receipt = withNodeReceiptHash(packed, nodeReceiptHash ?? null)
  assert(receipt.private.request_id === sk, 'a receipt stands under its hold', { holdId: sk })
  return { accountId: pk, holdId: sk, charge, receipt }
}

function withNodeReceiptHash(receipt: StoredReceipt, hash: string | null): StoredReceipt {
  const { body } = receipt
  if (!body.served) return receipt
  return { ...receipt, body: { ...body, served: { ...body.served, node_receipt_hash: hash } } }
}
