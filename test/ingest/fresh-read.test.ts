import { describe, expect, test } from 'vitest'
import { makeFreshRead } from '../../src/ingest/fresh-read.ts'

describe('a fresh read', () => {
  test('is made once in five seconds, however many ask at once', async () => {
    let nowMs = 0
    let reads = 0
    const read = makeFreshRead(
      async () => {
        reads += 1
        return reads
      },
      () => nowMs,
    )
    expect(await Promise.all([read(), read(), read()])).toEqual([1, 1, 1])
    nowMs = 4_999
    expect(await read()).toBe(1)
    nowMs = 5_000
    expect(await read()).toBe(2)
  })

  test('that failed is made again by the next who asks', async () => {
    let reads = 0
    const read = makeFreshRead(
      async () => {
        reads += 1
        if (reads === 1) throw new Error('unreachable')
        return reads
      },
      () => 0,
    )
    await expect(read()).rejects.toThrow('unreachable')
    expect(await read()).toBe(2)
  })
})
