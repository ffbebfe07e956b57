import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  fromReceiptItem,
  toReceiptItem,
} from '../../../../src/adapters/dynamodb/items/receipt-item.ts'
import { ids } from '../../../../src/adapters/system.ts'
import type { Decision } from '../../../../src/ledger/ports.ts'
import { nodeIdOf } from '../../../../src/protocol/node-identity.ts'
import { expiredReceipt } from '../../../../src/receipts/expired-receipt.ts'
import { isVerified, verifyReceipt } from '../../../../src/receipts/verify-receipt.ts'
import {
  by,
  claim,
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

const freshHex = () => Buffer.from(ids.token(32), 'base64url').toString('hex')

/** Three hosts tried, names as long as real ones, and no random part that is there twice. */
function largeReceipt() {
  const nodeId = nodeIdOf(ids.token(32))
  const digest = `sha256:${freshHex()}`
  const attempts = [
    { node_id: nodeIdOf(ids.token(32)), outcome: 'connect_failed', ticket_hash: freshHex() },
    { node_id: nodeIdOf(ids.token(32)), outcome: 'timed_out', ticket_hash: freshHex() },
    { node_id: nodeId, outcome: 'served', ticket_hash: freshHex() },
  ]
  return genuineReceipt({
    model: 'meta-llama/Llama-3.3-70B-Instruct',
    served: draft.served && {
      ...draft.served,
      profile_id: 'meta-llama/Llama-3.3-70B-Instruct@fp8-dynamic',
      artifact_digest: digest,
      node_receipt_hash: freshHex(),
    },
    private: {
      ...draft.private,
      attempts,
      claim: {
        claim: {
          ...claim.claim,
          ticket_hash: attempts[2]?.ticket_hash ?? '',
          node_id: nodeId,
          output_sha256: freshHex(),
          artifact_digest: digest,
          runtime: { kind: 'vllm', version: '0.11.2+cu128.post1' },
        },
        signature: ids.token(64),
      },
      node_public_key: ids.token(32),
      request_commitment: freshHex(),
      output_commitment: freshHex(),
    },
  })
}

/** One host asked, nothing in it twice that is random in a real one. */
function usualReceipt() {
  const { attempts, ...rest } = largeReceipt().private
  return genuineReceipt({
    served: draft.served && { ...draft.served, benchmark_id: freshHex() },
    private: { ...rest, attempts: attempts.slice(-1) },
  })
}

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
    ['of a served request', usualReceipt, 1_024],
    ['of three attempts with long names', largeReceipt, 2_048],
  ])('%s, claim and all, is stored in few write units', (_, make, most) => {
    const bytes = itemBytes(toReceiptItem(decision({ receipt: make() })))
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
    const body = Buffer.concat([Buffer.of(1), deflateRawSync(JSON.stringify(receipt))])
    expect(() => fromReceiptItem(asStored({ ...toReceiptItem(decision()), body }))).toThrow()
  })
})
