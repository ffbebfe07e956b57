import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  fromEntryItem,
  referenceOfItem,
  toOwnerItems,
  toReferenceItem,
} from '../../../../src/adapters/dynamodb/items/entry-item.ts'
import { type Entry, move } from '../../../../src/ledger/journal.ts'
import { accrual, aLateClaim, aNodeId, anEntry, escrow, topUp } from '../journal-facts.ts'
import { asStored, storedBytes } from '../stored.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 40 })
const anyEntry: fc.Arbitrary<Entry> = fc
  .record({
    amounts: fc.array(fc.bigInt({ min: 0n, max: 10n ** 24n }), { minLength: 1, maxLength: 40 }),
    about: text,
    by: text,
    reference: text,
  })
  .map(({ amounts, ...rest }) => ({
    ...accrual(...amounts.map((amount) => [aNodeId(), amount] as const)),
    ...rest,
  }))

describe('an entry', () => {
  test('comes back from under its reference as it went in', () => {
    fc.assert(
      fc.property(anyEntry, (entry) => {
        expect(fromEntryItem(asStored(toReferenceItem(entry)))).toEqual(entry)
      }),
    )
  })

  test('stands with each of its owners, whole or by its reference', () => {
    fc.assert(
      fc.property(anyEntry, (entry) => {
        const items = toOwnerItems(entry).map(asStored)
        expect(items).toHaveLength(entry.legs.length - 1)
        for (const item of items) {
          const reference = referenceOfItem(item)
          if (reference === undefined) expect(fromEntryItem(item)).toEqual(entry)
          else expect(reference).toBe(entry.reference)
        }
      }),
    )
  })

  test('is one write unit of 1 KB with each owner, however many legs it has', () => {
    for (const count of [1, 2, 5, 6, 40]) {
      const entry = accrual(
        ...Array.from({ length: count }, () => [aNodeId(), 10n ** 12n] as const),
      )
      const sizes = toOwnerItems({ ...entry, about: 'x'.repeat(90) }).map(storedBytes)
      expect(Math.max(...sizes)).toBeLessThanOrEqual(1_024)
    }
  })

  test('stands once with an owner of two of its accounts', () => {
    const { nodeId } = aLateClaim(aNodeId())
    const entry = anEntry('late_release', move(5n, escrow(nodeId), { kind: 'host', owner: nodeId }))
    expect(toOwnerItems(entry)).toHaveLength(1)
  })
})

describe('a stored entry', () => {
  const stored = asStored(toReferenceItem(topUp('acct_1', 5n)))
  const withLegs =
    (...legs: readonly object[]) =>
    () =>
      fromEntryItem({ ...stored, legs })
  const from = { account: 'wash', amount: '-5' }

  test('whose legs do not sum to zero is not read', () => {
    expect(withLegs(from, { account: 'customer:acct_1', amount: '6' })).toThrow('S5')
  })

  test('that moves money where its kind may not is not read', () => {
    expect(withLegs(from, { account: 'host:n_1', amount: '5' })).toThrow('S5')
  })

  test.each([
    ['an unknown account', { account: 'pocket', amount: '5' }],
    ['an account without its owner', { account: 'customer', amount: '5' }],
    ['a fraction', { account: 'customer:acct_1', amount: '5.5' }],
    ['more than it should', { account: 'customer:acct_1', amount: '5', note: '' }],
  ])('with %s is not read', (_, leg) => {
    expect(withLegs(from, leg)).toThrow()
  })
})
