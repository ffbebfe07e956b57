// A receipt's amounts follow from its tokens and price, its two views share one hash, and its
// private part shows in the public one as a salted hash alone.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatUsd, parseUsd } from '../../src/money/nano-usd.ts'
import { ReceiptView, StoredReceipt } from '../../src/protocol/receipt.ts'
import { commitment, newSalt, privateHash, receiptHash } from '../../src/receipts/make-receipt.ts'
import { draft, genuineReceipt, ownView, publicView, salt } from '../support/genuine-receipt.ts'

const amount = fc.bigInt({ min: 0n, max: 999_999_999_999n * 1_000_000_000n })
const shareBps = fc.integer({ min: 0, max: 10_000 })

describe('a receipt', () => {
  it('has the form that the wire promises', () => {
    const receipt = genuineReceipt()
    expect(StoredReceipt.parse(receipt)).toEqual(receipt)
    expect(ReceiptView.parse(publicView(receipt))).toEqual(publicView(receipt))
  })

  it('splits any charge into host share and fee that add up to it', () => {
    fc.assert(
      fc.property(amount, shareBps, (charge, hostShareBps) => {
        const { charge: lines } = genuineReceipt({ charge, hostShareBps }).body
        const [total, hostShare, fee] = [lines.charge_usd, lines.host_share_usd, lines.fee_usd].map(
          (line) => parseUsd(line) ?? -1n,
        )
        expect(total).toBe(charge)
        expect((hostShare ?? 0n) + (fee ?? 0n)).toBe(charge)
        // The host's part is rounded down, by less than one nano-USD.
        const exact = charge * BigInt(hostShareBps)
        expect((hostShare ?? 0n) * 10_000n).toBeLessThanOrEqual(exact)
        expect((hostShare ?? 0n) * 10_000n).toBeGreaterThan(exact - 10_000n)
      }),
    )
  })

  it('states amounts that read back exactly', () => {
    fc.assert(fc.property(amount, (value) => parseUsd(formatUsd(value)) === value))
  })

  it('has one hash in its public and its private view', () => {
    const receipt = genuineReceipt()
    const hashes = [publicView(receipt), ownView(receipt)].map(({ body }) => receiptHash(body))
    expect(hashes).toEqual([receipt.receipt_hash, receipt.receipt_hash])
  })

  it('tells the public the minute and no exact time', () => {
    const view = publicView(genuineReceipt())
    expect(view.body.minute).toBe('2026-03-14T15:09Z')
    expect(JSON.stringify(view)).not.toContain(String(draft.private.started_at_ms))
  })

  it.each(['account_id', 'key_id', 'request_id', 'node_public_key', 'request_commitment'] as const)(
    'keeps %s out of the public view',
    (name) => {
      expect(JSON.stringify(publicView(genuineReceipt()))).not.toContain(draft.private[name])
    },
  )
})

describe('the private part', () => {
  it('has another hash under another salt', () => {
    expect(privateHash(draft.private, salt)).toBe(genuineReceipt().body.private_sha256)
    expect(privateHash(draft.private, `${salt}x`)).not.toBe(privateHash(draft.private, salt))
  })

  it('changes its hash with every field', () => {
    const hashes = Object.keys(draft.private).map((name) =>
      privateHash({ ...draft.private, [name]: null }, salt),
    )
    expect(new Set([...hashes, privateHash(draft.private, salt)]).size).toBe(hashes.length + 1)
  })

  it('commits to bytes only for who has the salt', () => {
    const digest = '0'.repeat(64)
    expect(commitment(salt, digest)).toMatch(/^[0-9a-f]{64}$/)
    expect(commitment(`${salt}x`, digest)).not.toBe(commitment(salt, digest))
    expect(commitment(salt, '1'.repeat(64))).not.toBe(commitment(salt, digest))
  })
})

it('a salt can be pasted as an argument: it never begins with a dash', () => {
  const ids = { token: (bytes: number) => '-'.repeat(bytes) }
  expect(newSalt(ids)).toMatch(/^s-+$/)
})
