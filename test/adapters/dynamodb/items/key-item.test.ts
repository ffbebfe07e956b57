import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromKeyItem, toKeyItem } from '../../../../src/adapters/dynamodb/items/key-item.ts'
import {
  fromOperatorKeyItem,
  toOperatorKeyItem,
} from '../../../../src/adapters/dynamodb/items/operator-key-item.ts'
import { anyKey, anyOperatorKey } from '../arbitrary-facts.ts'
import { asStored } from '../stored.ts'

describe('a key', () => {
  test('of a customer comes back from the table as it went in, caps to the last nano-USD', () => {
    fc.assert(
      fc.property(anyKey, (key) => {
        expect(fromKeyItem(asStored(toKeyItem(key)))).toEqual(key)
      }),
    )
  })

  test('of an operator comes back from the table as it went in', () => {
    fc.assert(
      fc.property(anyOperatorKey, (key) => {
        expect(fromOperatorKeyItem(asStored(toOperatorKeyItem(key)))).toEqual(key)
      }),
    )
  })
})
