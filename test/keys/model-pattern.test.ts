import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { matchesPattern } from '../../src/keys/model-pattern.ts'

describe('a pattern', () => {
  test.each([
    ['maker/model', 'maker/model', true],
    ['maker/model', 'maker/model-2', false],
    ['*', '', true],
    ['**', 'maker/model', true],
    ['maker/*', 'maker/model', true],
    ['maker/*', 'maker', false],
    ['*-8b', 'maker/model-8b', true],
    ['*-8b', 'maker/model-8b-q4', false],
    ['*/model-*b*', 'maker/model-8b-q4', true],
    // What begins and ends it must not be the same letters of the name.
    ['ab*ba', 'aba', false],
    ['ab*ba', 'abba', true],
    // Everything but the star stands for itself.
    ['m.del', 'model', false],
    ['MAKER/*', 'maker/model', false],
  ])('%j on %j: %j', (pattern, name, expected) => {
    expect(matchesPattern(pattern, name)).toBe(expected)
  })

  test('matches what the same expression does, whatever it is', () => {
    const few = fc.stringMatching(/^[ab*]{0,8}$/)
    const name = fc.stringMatching(/^[ab]{0,10}$/)
    fc.assert(
      fc.property(few, name, (pattern, text) => {
        const expression = new RegExp(`^${pattern.replaceAll('*', '.*')}$`)
        expect(matchesPattern(pattern, text)).toBe(expression.test(text))
      }),
    )
  })

  test('that an expression would try for ages is judged in one pass', () => {
    const [pattern, name] = ['a*'.repeat(10_000), `${'a'.repeat(30_000)}b`]
    expect(matchesPattern(`${pattern}b`, name)).toBe(true)
    expect(matchesPattern(`${pattern}c`, name)).toBe(false)
  })
})
