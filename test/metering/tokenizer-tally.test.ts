import { describe, expect, test } from 'vitest'
import type { CountTexts } from '../../src/metering/tokenizer-cache.ts'
import { sliceChars } from '../../src/metering/tokenizer-slices.ts'
import { handedOverMax, makeTally } from '../../src/metering/tokenizer-tally.ts'

/** Until nothing is left that waits for nobody else. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve))
/** A letter is a token. */
const letters: CountTexts = async (texts) => texts.join('').length

/** A tokenizer that is loaded, and counts, when it is told to. */
function makeSlowTally() {
  const { promise: opened, resolve: open } = Promise.withResolvers<CountTexts | undefined>()
  const counting: { readonly chars: number; readonly end: (tokens?: number) => void }[] = []
  let handedOver = 0
  const count: CountTexts = (texts) => {
    handedOver += 1
    return new Promise((resolve) => {
      const chars = texts.join('').length
      counting.push({ chars, end: (tokens) => resolve(tokens) })
    })
  }
  return {
    tally: makeTally(opened),
    open: () => open(count),
    fail: () => open(undefined),
    counting,
    handedOver: () => handedOver,
  }
}

/** Each fills a batch of its own. */
const batch = 'x'.repeat(4 * sliceChars)

describe('what is added', () => {
  test('before the tokenizer is there counts as well as what comes after', async () => {
    const { promise: opened, resolve } = Promise.withResolvers<CountTexts>()
    const tally = makeTally(opened)
    tally.add(['ab', '', 'c'])
    const total = tally.total()
    resolve(letters)
    expect(await total).toBe(3)
    tally.add(['d'])
    expect(await tally.total()).toBe(4)
  })

  test('is nothing: nothing is its total', async () => {
    const tally = makeTally(Promise.resolve(letters))
    tally.add([''])
    expect(await tally.total()).toBe(0)
  })

  test('is uncounted until the count is back', async () => {
    const { tally, open, counting } = makeSlowTally()
    tally.add([batch, 'abc'])
    open()
    await settled()
    expect(tally.uncountedChars()).toBe(batch.length + 3)
    counting[0]?.end(1)
    await settled()
    expect(tally.uncountedChars()).toBe(3)
  })

  test('is handed over two batches at a time', async () => {
    const { tally, open, counting, handedOver } = makeSlowTally()
    tally.add([batch, batch, batch, batch])
    expect(handedOver()).toBe(0)
    open()
    await settled()
    expect(handedOver()).toBe(handedOverMax)
    counting[0]?.end(1)
    await settled()
    expect(handedOver()).toBe(handedOverMax + 1)
    expect(counting.every(({ chars }) => chars === batch.length)).toBe(true)
  })
})

describe('there is no total', () => {
  test('without the tokenizer', async () => {
    const { tally, fail } = makeSlowTally()
    tally.add(['a'])
    const total = tally.total()
    fail()
    expect(await total).toBeUndefined()
    tally.add(['a'])
    expect(await tally.total()).toBeUndefined()
  })

  test('where one batch could not be counted, and none is handed over after it', async () => {
    const { tally, open, counting, handedOver } = makeSlowTally()
    tally.add([batch, batch, batch, batch])
    open()
    await settled()
    const total = tally.total()
    counting[0]?.end(undefined)
    expect(await total).toBeUndefined()
    counting[1]?.end(1)
    await settled()
    expect(handedOver()).toBe(handedOverMax)
  })

  test('once it was given up, neither before the tokenizer is there nor while it counts', async () => {
    for (const isOpen of [false, true]) {
      const { tally, open, counting, handedOver } = makeSlowTally()
      tally.add([batch, batch, batch, batch])
      if (isOpen) open()
      await settled()
      const total = tally.total()
      tally.giveUp()
      expect(await total).toBeUndefined()
      open()
      for (const { end } of counting) end(1)
      await settled()
      expect(handedOver()).toBe(isOpen ? handedOverMax : 0)
    }
  })
})
