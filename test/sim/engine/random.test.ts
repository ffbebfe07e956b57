// Chances are the seed's and the name's alone, whoever else draws.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { makeStream } from './random.ts'

const draw = (seed: number, name: string, count: number) => {
  const { u32 } = makeStream(seed, name)
  return Array.from({ length: count }, u32)
}
const anySeed = fc.integer({ min: 0, max: 4_294_967_295 })

test('one seed and name draw the same every time', () => {
  fc.assert(
    fc.property(anySeed, fc.string(), (seed, name) => {
      expect(draw(seed, name, 20)).toEqual(draw(seed, name, 20))
    }),
  )
})

test('another seed, or another name, draws something else', () => {
  fc.assert(
    fc.property(anySeed, anySeed, fc.string(), fc.string(), (seed, other, name, otherName) => {
      fc.pre(seed !== other && name !== otherName)
      expect(draw(seed, name, 4)).not.toEqual(draw(other, name, 4))
      expect(draw(seed, name, 4)).not.toEqual(draw(seed, otherName, 4))
    }),
  )
})

test('draws are uniform: no bucket of 16 is off by more than a tenth', () => {
  const { below } = makeStream(7, 'uniform')
  const buckets = new Array<number>(16).fill(0)
  for (let at = 0; at < 160_000; at += 1) {
    const bucket = below(16)
    buckets[bucket] = (buckets[bucket] ?? 0) + 1
  }
  expect(Math.min(...buckets)).toBeGreaterThan(9_000)
  expect(Math.max(...buckets)).toBeLessThan(11_000)
})

test('whole numbers stay within their bounds, and both bounds come', () => {
  const { between } = makeStream(1, 'bounds')
  const drawn = new Set(Array.from({ length: 500 }, () => between(-2, 2)))
  expect([...drawn].sort((one, other) => one - other)).toEqual([-2, -1, 0, 1, 2])
})
