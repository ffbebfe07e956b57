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
import { asStored, storedBytes } from '../stored.ts'

const { request_id: holdId, account_id: accountId } = draft.private

const decision = (changes: Partial<Decision> = {}): Decision => ({
  accountId,
  holdId,
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
const itemBytes = ({ body, ...rest }: ReturnType<typeof toReceiptItem>): number =>
  storedBytes({ ...rest, body: '' }) + body.byteLength

const hex = (digit: string) => digit.repeat(64)

/** Three hosts tried, names as long as real ones, and nothing in it that repeats. */
function largeReceipt() {
  const attempts = Array.from({ length: 3 }, (_, index) => ({
    node_id: `n_${hex(`a${index + 2}`).slice(0, 26)}`,
    outcome: index === 2 ? 'served' : 'connect_failed',
    ticket_hash: Buffer.from(ids.token(32), 'base64url').toString('hex'),
  }))
  const fresh = () => Buffer.from(ids.token(32), 'base64url').toString('hex')
  const claim = draft.private.claim && {
    ...draft.private.claim,
    claim: {
      ...draft.private.claim.claim,
      ticket_hash: fresh(),
      output_sha256: fresh(),
      artifact_digest: `sha256:${fresh()}`,
      runtime: { kind: 'vllm' as const, version: '0.11.2+cu128.post1' },
    },
  }
  return genuineReceipt({
    model: 'meta-llama/Llama-3.3-70B-Instruct',
    served: draft.served && {
      ...draft.served,
      profile_id: 'meta-llama/Llama-3.3-70B-Instruct@fp8-dynamic',
      node_receipt_hash: fresh(),
    },
    private: {
      ...draft.private,
      attempts,
      claim,
      request_commitment: fresh(),
      output_commitment: fresh(),
    },
  })
}

describe('a receipt', () => {
  test.each([
    ['of a served request', decision],
    ['of an expired hold', expired],
    ['without a claim', () => decision({ receipt: genuineReceipt({ served: null }) })],
  ])('%s comes back from the table as it went in, and verifies', (_, make) => {
    const before = make()
    const after = fromReceiptItem(asStored(toReceiptItem(before)))
    expect(after).toEqual(before)
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

  test.each([
    ['of a served request', () => genuineReceipt()],
    ['of three attempts with long names', largeReceipt],
  ])('%s, claim and all, is stored in at most 2 KB', (_, make) => {
    const bytes = itemBytes(toReceiptItem(decision({ receipt: make() })))
    expect(bytes).toBeGreaterThan(1_024)
    expect(bytes).toBeLessThanOrEqual(2_048)
  })

  test('under another hold than its own is not read', () => {
    const item = toReceiptItem(decision({ holdId: '01JABCDEFGHJKMNPQRSTVWXYZ9' }))
    expect(() => fromReceiptItem(asStored(item))).toThrow('stands under its hold')
  })

  test('that inflates to more than 64 KB is not read', () => {
    const receipt = genuineReceipt({ model: 'x'.repeat(70_000) })
    const item = asStored(toReceiptItem(decision({ receipt })))
    expect(() => fromReceiptItem(item)).toThrow()
  })
})
