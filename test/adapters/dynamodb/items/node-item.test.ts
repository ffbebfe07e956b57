import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromNodeItem, toNodeItem } from '../../../../src/adapters/dynamodb/items/node-item.ts'
import { anyNode } from '../arbitrary-facts.ts'
import { aNode } from '../facts.ts'
import { asStored } from '../stored.ts'

describe("a node's facts", () => {
  test('come back from the table as they went in', () => {
    fc.assert(
      fc.property(anyNode, (node) => {
        expect(fromNodeItem(asStored(toNodeItem(node)))).toEqual(node)
      }),
    )
  })

  test('are refused with a status that is none', () => {
    const item = asStored(toNodeItem(aNode()))
    expect(() => fromNodeItem({ ...item, status: 'welcome' })).toThrow()
  })
})
