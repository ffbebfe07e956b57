// Few calls for many pieces, and the hash that a host makes of them one by one.

import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { makeTextHash } from '../../src/gateway/text-hash.ts'

function eachBySelf(pieces: readonly string[]): string {
  const hash = createHash('sha256')
  for (const piece of pieces) hash.update(piece, 'utf8')
  return hash.digest('hex')
}

const piece = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'ü', '🙂', '\ud83d', '\ude42'), maxLength: 4 }),
  fc.constantFrom('', 'x'.repeat(5_000), `${'x'.repeat(5_000)}\ud83d`),
)

test('is that of the pieces, each by itself, at every moment', () => {
  fc.assert(
    fc.property(fc.array(piece), fc.array(piece), (before, after) => {
      const hash = makeTextHash()
      for (const one of before) hash.add(one)
      expect(hash.sha256()).toBe(eachBySelf(before))
      for (const one of after) hash.add(one)
      expect(hash.sha256()).toBe(eachBySelf([...before, ...after]))
    }),
  )
})
