// Whatever is changed in a receipt, some check fails, and the check's name says what is wrong.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { domainHash } from '../../src/protocol/canonical.ts'
import { generatePrivateKey, makeSigner } from '../../src/protocol/ed25519.ts'
import { nodeIdOf } from '../../src/protocol/node-identity.ts'
import { ReceiptBody, type ReceiptView } from '../../src/protocol/receipt.ts'
import { receiptHash } from '../../src/receipts/make-receipt.ts'
import { isVerified, verifyReceipt } from '../../src/receipts/verify-receipt.ts'
import {
  by,
  claim,
  draft,
  genuineReceipt,
  ownView,
  publicView,
  published,
  salt,
} from '../support/genuine-receipt.ts'

const view = publicView(genuineReceipt())
const own = { ...ownView(genuineReceipt()), salt }

const outcomes = (receipt: ReceiptView, keys = published) =>
  Object.fromEntries(verifyReceipt(receipt, keys).map(({ name, outcome }) => [name, outcome]))

const failedChecks = (receipt: ReceiptView, keys = published) =>
  verifyReceipt(receipt, keys)
    .filter(({ outcome }) => outcome === 'failed')
    .map(({ name }) => name)

/** The gateway itself states `change`, with its own hash and signature over it. */
function restated(receipt: ReceiptView, change: Partial<ReceiptBody>): ReceiptView {
  const body = { ...receipt.body, ...change }
  const signature = by.signer.sign('b3iq:receipt:v1', body)
  return { ...receipt, body, receipt_hash: receiptHash(body), signature }
}

const served = () => {
  if (!view.body.served) throw new Error('The genuine receipt was served.')
  return view.body.served
}

const privatePart = () => {
  if (!own.private) throw new Error('The genuine receipt has a private part.')
  return own.private
}

describe('a genuine receipt', () => {
  it('passes every check in the view of the customer who has the salt', () => {
    expect(outcomes(own)).toEqual({
      hash: 'passed',
      signature: 'passed',
      charge: 'passed',
      split: 'passed',
      hold: 'passed',
      private: 'passed',
      node: 'passed',
      claim: 'passed',
    })
  })

  it('passes in public, where what the view lacks is not judged', () => {
    const unjudged = { private: 'unjudged', node: 'unjudged', claim: 'unjudged' }
    expect(outcomes(view)).toMatchObject({ hash: 'passed', signature: 'passed', ...unjudged })
    expect(isVerified(verifyReceipt(view, published))).toBe(true)
  })

  it('passes without the salt, whose check is then not judged', () => {
    expect(outcomes({ ...own, salt: undefined })).toMatchObject({
      private: 'unjudged',
      claim: 'passed',
    })
  })

  it('fails when the body names a claim that the private part lacks', () => {
    const bare = { ...own, private: { ...privatePart(), claim: null } }
    expect(failedChecks(bare)).toContain('claim')
  })

  it('fails when the charge is above what was held', () => {
    const poor = { ...own, private: { ...privatePart(), hold_usd: '0.000000001' } }
    expect(failedChecks(poor)).toContain('hold')
  })

  it.each([
    ['a month that does not exist', { minute: '2026-99-14T15:09Z' }],
    ['a day that does not exist', { minute: '2026-03-00T15:09Z' }],
  ])('is refused by its schema with %s', (_, change) => {
    expect(ReceiptBody.safeParse({ ...view.body, ...change }).success).toBe(false)
  })

  it('has one spelling of its signature: unused bits of the last character must be zero', () => {
    const last = view.signature.at(-1) ?? ''
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const neighbour = alphabet[alphabet.indexOf(last) + 1]
    const respelled = { ...view, signature: `${view.signature.slice(0, -1)}${neighbour}` }
    expect(failedChecks(respelled)).toEqual(['signature'])
  })

  it('passes where nothing was served and nothing is charged', () => {
    const result = { status: 'failed', finish_reason: null, error: 'upstream_error' } as const
    const nothing = genuineReceipt({ served: null, charge: 0n, hostShareBps: 0, result })
    expect(failedChecks(publicView(nothing))).toEqual([])
  })
})

/** Paths of all leaves, so that a field added later is covered without a word here. */
function leavesOf(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [[...path]]
  return Object.entries(value).flatMap(([name, inner]) => leavesOf(inner, [...path, name]))
}

/** A copy with one leaf replaced, or removed where the value is undefined. */
function changed(value: unknown, [name, ...rest]: readonly string[], leaf: unknown): unknown {
  if (name === undefined) return leaf
  const inner = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
  return { ...Object(value), [name]: changed(inner, rest, leaf) }
}

const valueAt = (value: unknown, path: readonly string[]): unknown =>
  path.reduce((inner, name) => Reflect.get(Object(inner), name), value)

/** A path to one leaf of the public body, and another value for it, often one of the same form. */
const mutation = fc
  .tuple(
    fc.constantFrom(...leavesOf(view.body)),
    fc.oneof(
      fc.nat(),
      fc.string(),
      fc.boolean(),
      fc.stringMatching(/^[0-9a-f]{64}$/),
      fc.stringMatching(/^\d{1,4}\.\d{1,9}$/),
      fc.constantFrom(null, undefined, 'partial', 'bytes_ratio', '2026-03-14T15:10Z'),
    ),
  )
  .filter(([path, leaf]) => leaf !== valueAt(view.body, path))

describe('a public body with one field changed', () => {
  it('has another hash', () => {
    fc.assert(
      fc.property(mutation, ([path, leaf]) => {
        const body = changed(view.body, path, leaf)
        expect(domainHash('b3iq:receipt:v1', body)).not.toBe(view.receipt_hash)
      }),
    )
  })

  it('fails the hash, and the signature even where the hash is made to fit', () => {
    let judged = 0
    fc.assert(
      fc.property(mutation, ([path, leaf]) => {
        const parsed = ReceiptBody.safeParse(changed(view.body, path, leaf))
        // What the schema refuses is no receipt: there is nothing to judge.
        if (!parsed.success) return
        judged += 1
        const forged = { ...view, body: parsed.data }
        expect(failedChecks(forged)).toContain('hash')
        const fitted = { ...forged, receipt_hash: receiptHash(parsed.data) }
        expect(failedChecks(fitted)).toContain('signature')
        expect(failedChecks(fitted)).not.toContain('hash')
      }),
      { numRuns: 1_000 },
    )
    expect(judged).toBeGreaterThan(100)
  })
})

describe('a statement of the gateway that does not follow', () => {
  const billed = { ...served().usage.billed, completion: 35 }
  it.each<[string, Partial<ReceiptBody>, string[]]>([
    [
      'more tokens than the charge',
      { served: { ...served(), usage: { ...served().usage, billed } } },
      ['charge'],
    ],
    [
      'a charge of one nano-USD more',
      { charge: { ...view.body.charge, charge_usd: '0.000036902' } },
      ['charge', 'split'],
    ],
    [
      'a fee of one nano-USD more',
      { charge: { ...view.body.charge, fee_usd: '0.000005537' } },
      ['split'],
    ],
    ['a charge for nothing', { served: null }, ['charge', 'split']],
    [
      'an amount with a leading zero',
      { charge: { ...view.body.charge, charge_usd: '00.1' } },
      ['charge', 'split'],
    ],
  ])('%s fails by name', (_, change, names) => {
    expect(failedChecks(restated(view, change))).toEqual(names)
  })
})

describe('the signature fails', () => {
  const [key] = published.keys
  const keysWith = (change: object) => ({ ...published, keys: [{ ...Object(key), ...change }] })
  it.each([
    ['with a key of another id', keysWith({ key_id: 'rk_2' })],
    ['with a key for another use', keysWith({ use: 'ticket_root' })],
    [
      'with another public key',
      keysWith({ public_key: makeSigner(generatePrivateKey()).publicKey }),
    ],
    ['with keys of another stage', { ...published, stage: 'prod' }],
    ['before the key was valid', keysWith({ not_before_ms: draft.endedAtMs + 60_000 })],
    ['after the key was valid', keysWith({ not_after_ms: draft.endedAtMs - 60_000 })],
    ['without any key', { ...published, keys: [] }],
  ])('%s', (_, keys) => {
    expect(failedChecks(view, keys)).toEqual(['signature'])
  })

  it('when one digit of it differs', () => {
    const digit = view.signature.startsWith('A') ? 'B' : 'A'
    expect(failedChecks({ ...view, signature: digit + view.signature.slice(1) })).toEqual([
      'signature',
    ])
  })
})

describe('the private part fails', () => {
  const part = draft.private
  const stranger = makeSigner(generatePrivateKey())

  it('under another salt', () => {
    expect(failedChecks({ ...own, salt: `${salt}x` })).toEqual(['private'])
  })

  it.each(Object.keys(part))('with another %s', (name) => {
    const changedPart = { ...part, [name]: name === 'attempts' ? [] : null }
    expect(failedChecks({ ...own, private: changedPart })).toContain('private')
  })

  it('with a node that the key does not make', () => {
    const attempts = part.attempts.map((attempt) => ({
      ...attempt,
      node_id: nodeIdOf(stranger.publicKey),
    }))
    expect(failedChecks({ ...own, private: { ...part, attempts } })).toEqual([
      'private',
      'node',
      'claim',
    ])
  })

  it.each([
    ['usage', { usage: { prompt: 120, cached_prompt: 20, completion: 35 } }],
    ['ticket', { ticket_hash: '9'.repeat(64) }],
    ['output', { output_sha256: '9'.repeat(64) }],
  ])('with a claim of another %s', (_, change) => {
    const forged = { ...claim, claim: { ...claim.claim, ...change } }
    expect(failedChecks({ ...own, private: { ...part, claim: forged } })).toEqual([
      'private',
      'claim',
    ])
  })
})
