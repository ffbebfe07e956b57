// Whoever lost a request to a lost gateway gets a receipt that proves that nothing was charged.
import { expect, it } from 'vitest'
import { StoredReceipt } from '../../src/protocol/receipt.ts'
import { expiredReceipt } from '../../src/receipts/expired-receipt.ts'
import { isVerified, verifyReceipt } from '../../src/receipts/verify-receipt.ts'
import { by, draft, endedAtMs, ownView, published } from '../support/genuine-receipt.ts'

const ids = { ulid: () => draft.private.request_id, token: () => 'c2FsdA' }
const hold = {
  accountId: draft.private.account_id,
  holdId: draft.private.request_id,
  amount: 1_250_000_000n,
  heldAtMs: endedAtMs - 420_000,
}
const receipt = expiredReceipt(hold, { signer: by, ids, nowMs: () => endedAtMs })

it('charges nothing, pays nobody and names the hold that it released', () => {
  expect(StoredReceipt.parse(receipt)).toEqual(receipt)
  expect(receipt.body).toMatchObject({
    served: null,
    result: { status: 'expired', error: 'gateway_lost' },
    charge: { charge_usd: '0', host_share_usd: '0', fee_usd: '0' },
  })
  expect(receipt.private).toMatchObject({ request_id: hold.holdId, hold_usd: '1.25' })
})

it('verifies like any other receipt', () => {
  expect(isVerified(verifyReceipt({ ...ownView(receipt), salt: 'sc2FsdA' }, published))).toBe(true)
})
