import { describe, expect, test } from 'vitest'
import {
  hotKey,
  nodeKey,
  profileKey,
  profilesPrefix,
} from '../../../../src/adapters/dynamodb/items/fleet-keys.ts'
import { aNode } from '../facts.ts'

describe('the keys of the fleet', () => {
  test('put all of a node into one partition', () => {
    const { nodeId } = aNode()
    const partitions = [hotKey(nodeId), nodeKey(nodeId), profileKey(nodeId, 'maker/model@q8')]
    expect(new Set(partitions.map(({ pk }) => pk)).size).toBe(1)
  })

  test('spread nodes over sixteen partitions with two digits', () => {
    const partitions = new Set(Array.from({ length: 400 }, () => hotKey(aNode().nodeId).pk))
    const expected = Array.from({ length: 16 }, (_, bucket) =>
      bucket < 10 ? `fleet#0${bucket}` : `fleet#${bucket}`,
    )
    expect([...partitions].toSorted()).toEqual(expected)
  })

  test("begin a node's profiles like no other node's", () => {
    const { nodeId } = aNode()
    expect(profileKey(nodeId, 'p').sk.startsWith(profilesPrefix(nodeId))).toBe(true)
    expect(profileKey(aNode().nodeId, 'p').sk.startsWith(profilesPrefix(nodeId))).toBe(false)
  })
})
