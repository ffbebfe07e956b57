import { describe, expect, test } from 'vitest'
import {
  hotKey,
  nodeKey,
  profileKey,
  profilesPrefix,
  rowPrefix,
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

  test('let one prefix name all of a node, one its profiles, and no other node', () => {
    const { nodeId } = aNode()
    const [row, profiles] = [rowPrefix(nodeId), profilesPrefix(nodeId)]
    const keys = [hotKey(nodeId), nodeKey(nodeId), profileKey(nodeId, 'p'), hotKey(aNode().nodeId)]
    const begin = (prefix: string) => keys.map(({ sk }) => sk.startsWith(prefix))
    expect(begin(row.prefix)).toEqual([true, true, true, false])
    expect(begin(profiles.prefix)).toEqual([false, false, true, false])
    expect(new Set([row.pk, profiles.pk])).toEqual(new Set([hotKey(nodeId).pk]))
  })
})
