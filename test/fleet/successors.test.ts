import { describe, expect, test } from 'vitest'
import { successorsOf } from '../../src/fleet/successors.ts'

/** Each node replaced by the next; `n0` is the first. */
const rotated = (count: number) => ({
  readNode: async (nodeId: string) => {
    const index = Number(nodeId.slice(1))
    return index < count ? { successor: { nodeId: `n${index + 1}`, untilMs: 0 } } : {}
  },
})

describe('the successors of a node', () => {
  test('are those that took its place, one after another', async () => {
    expect(await successorsOf(rotated(3), 'n0')).toEqual(['n1', 'n2', 'n3'])
    expect(await successorsOf(rotated(3), 'n2')).toEqual(['n3'])
  })

  test('are none where nobody replaced it, or nobody knows it', async () => {
    expect(await successorsOf(rotated(0), 'n0')).toEqual([])
    expect(await successorsOf({ readNode: async () => undefined }, 'n0')).toEqual([])
  })

  test('are not looked for without end', async () => {
    expect(await successorsOf(rotated(1_000), 'n0')).toHaveLength(256)
  })
})
