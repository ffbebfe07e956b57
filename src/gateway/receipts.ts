/** Public evidence for anyone who has a hash; the private part for the account that paid. */
import type { CustomerKey } from '../keys/api-key.ts'
import { Sha256Hex } from '../protocol/ids.ts'
import type { ReceiptView } from '../protocol/receipt.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import type { ReceiptStore } from '../receipts/ports.ts'

export async function viewReceipt(
  receipts: Pick<ReceiptStore, 'findByHash'>,
  hash: string,
  key: CustomerKey | undefined,
): Promise<Result<ReceiptView>> {
  if (!Sha256Hex.safeParse(hash).success) return refuse('receipt_not_found')
  const found = await receipts.findByHash(hash)
  if (!found) return refuse('receipt_not_found')
  const { receipt_hash, body, signature, private: part } = found.receipt
  const isOwner = key !== undefined && key.accountId === found.accountId
  return ok({
    object: 'receipt',
    receipt_hash,
    body,
    signature,
    ...(isOwner ? { private: part } : {}),
  })
}
