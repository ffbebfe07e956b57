/**
 * A receipt as it is stored: its JSON deflated to a binary, because one write unit is one KB, beside
 * the keys by which it is found and the charge that the sweeper applies.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import * as z from 'zod'
import type { Decision } from '../../../ledger/ports.ts'
import { assert } from '../../../protocol/assert.ts'
import { StoredReceipt } from '../../../protocol/receipt.ts'
import { Amount } from '../item-fields.ts'

const receiptBytesMax = 64 * 1024

const ReceiptItem = z.object({
  pk: z.string(),
  sk: z.string(),
  receiptHash: z.string(),
  charge: Amount,
  body: z.instanceof(Uint8Array),
})

export const receiptKey = (accountId: string, holdId: string) => ({ pk: accountId, sk: holdId })

export function toReceiptItem({ accountId, holdId, charge, receipt }: Decision) {
  const nodeReceiptHash = receipt.body.served?.node_receipt_hash
  const { receipt_hash: receiptHash, ...rest } = receipt
  const json = JSON.stringify(rest)
  const bytes = Buffer.byteLength(json)
  // A decision that is written but cannot be read would keep its hold open for ever.
  assert(bytes <= receiptBytesMax, 'a receipt has at most 64 KB', { holdId, bytes })
  return {
    ...receiptKey(accountId, holdId),
    receiptHash,
    ...(nodeReceiptHash ? { nodeReceiptHash } : {}),
    charge,
    body: deflateRawSync(json, { level: 9 }),
  }
}

export function fromReceiptItem(item: Readonly<Record<string, unknown>>): Decision {
  const { pk, sk, receiptHash, charge, body } = ReceiptItem.parse(item)
  const json = inflateRawSync(body, { maxOutputLength: receiptBytesMax }).toString('utf8')
  const receipt = StoredReceipt.parse({ receipt_hash: receiptHash, ...JSON.parse(json) })
  assert(receipt.private.request_id === sk, 'a receipt stands under its hold', { holdId: sk })
  return { accountId: pk, holdId: sk, charge, receipt }
}
