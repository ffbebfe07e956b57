import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  fromReceiptItem,
  toReceiptItem,
} from '../../../../src/adapters/dynamodb/items/receipt-item.ts'
import { ids } from '../../../../src/adapters/system.ts'
import type { Decision } from '../../../../src/ledger/ports.ts'
import { expiredReceipt } from '../../../../src/receipts/expired-receipt.ts'
import { isVerified, verifyReceipt } from '../../../../src/receipts/verify-receipt.ts'
import {
  by,
  draft,
  endedAtMs,
  genuineReceipt,
  ownView,
  published,
} from '../../../support/genuine-receipt.ts'
import { largeReceipt, usualReceipt } from '../../../support/sized-receipts.ts'
import { asStored, storedBytes } from '../stored.ts'

const { request_id: holdId, account_id: accountId } = draft.private

const decision = (changes: Partial<Decision> = {}): Decision => ({
  accountId,
  holdId,
  nonce: 'Tag_k_3-',
  charge: draft.charge,
  receipt: genuineReceipt(),
  ...changes,
})

const expired = (): Decision => {
  const hold = { accountId, holdId, amount: 1_000_000n, heldAtMs: endedAtMs }
  const receipt = expiredReceipt(hold, { signer: by, ids, nowMs: () => endedAtMs })
  return decision({ charge: 0n, receipt })
}

/** Bytes by DynamoDB's rules: a binary counts as long as it is. */
const itemBytes = ({ b, ...rest }: ReturnType<typeof toReceiptItem>): number =>
  storedBytes({ ...rest, b: '' }) + b.byteLength

describe('a receipt', () => {
  test.each([
    ['of a served request', decision],
    ['of an expired hold', expired],
    ['without a claim', () => decision({ receipt: genuineReceipt({ served: null }) })],
  ])('%s comes back from the table as it went in', (_, make) => {
    const before = make()
    const after = fromReceiptItem(asStored(toReceiptItem(before)))
    expect(after).toEqual(before)
  })

  test('that an earlier release stored is read: long names, and no nonce', () => {
    const before = decision()
    const { c: charge, n: _, b: body, ...item } = toReceiptItem(before)
    const after = fromReceiptItem(asStored({ ...item, charge, body }))
    expect(after).toEqual({ ...before, nonce: undefined })
  })

  test('is still proven genuine after its stay in the table', () => {
    const { receipt } = fromReceiptItem(asStored(toReceiptItem(decision())))
    expect(isVerified(verifyReceipt(ownView(receipt), published))).toBe(true)
  })

  test('keeps its charge to the last nano-USD', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 21n }), (charge) => {
        const before = decision({ charge })
        expect(fromReceiptItem(asStored(toReceiptItem(before))).charge).toBe(charge)
      }),
    )
  })

  test('without a host is in no index of node receipts', () => {
    expect(toReceiptItem(expired())).not.toHaveProperty('nodeReceiptHash')
    expect(toReceiptItem(decision())).toHaveProperty('nodeReceiptHash')
  })

  test('of an expired hold, and no other, is in the index of those', () => {
    expect(toReceiptItem(expired())).toMatchObject({ expiredHold: holdId })
    expect(toReceiptItem(decision())).not.toHaveProperty('expiredHold')
  })

  test.each([
    ['of a served request', usualReceipt, 1_024],
    ['of three attempts with long names', largeReceipt, 2_048],
  ])('%s, claim and all, is stored in few write units', (_, make, most) => {
    const receipt = make()
    const { request_id: ofHold, account_id: ofAccount } = receipt.private
    const kept = decision({ receipt, holdId: ofHold, accountId: ofAccount })
    const bytes = itemBytes(toReceiptItem(kept))
    console.info(`a receipt item has ${bytes} bytes`)
    expect(bytes).toBeGreaterThan(600)
    expect(bytes).toBeLessThanOrEqual(most)
  })

  test('under another hold than its own is not read', () => {
    const item = toReceiptItem(decision({ holdId: '01JABCDEFGHJKMNPQRSTVWXYZ9' }))
    expect(() => fromReceiptItem(asStored(item))).toThrow('stands under its hold')
  })

  test('of more than 64 KB is neither written nor read', () => {
    const receipt = genuineReceipt({ model: 'x'.repeat(70_000) })
    expect(() => toReceiptItem(decision({ receipt }))).toThrow('at most 64 KB')
    const b = Buffer.concat([Buffer.of(1), deflateRawSync(JSON.stringify(receipt))])
    expect(() => fromReceiptItem(asStored({ ...toReceiptItem(decision()), b }))).toThrow()
  })
})
