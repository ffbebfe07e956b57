import { expect, test } from 'vitest'
import { type Tokenizing, tokensOf } from '../../../src/adapters/artifacts/tokenizing.ts'

/** Remembers what it has seen, as those of byte pairs do; a word too long is too much for it. */
function makeForgetful() {
  const remembered = new Set<string>()
  const tokenizer: Tokenizing = {
    tokenize: (text) => {
      remembered.add(text)
      if (text.length > 10) throw new Error('too long')
      return [...text]
    },
    model: { clear_cache: () => remembered.clear() },
  }
  return { tokenizer, remembered }
}

test('each text counts on its own, and none is remembered', () => {
  const { tokenizer, remembered } = makeForgetful()
  expect(tokensOf(tokenizer, ['abc', '', 'de'])).toBe(5)
  expect(remembered).toEqual(new Set())
})

test('none is remembered where the tokenizer fails', () => {
  const { tokenizer, remembered } = makeForgetful()
  expect(() => tokensOf(tokenizer, ['abc', 'a text too long'])).toThrow('too long')
  expect(remembered).toEqual(new Set())
})

test('a model that remembers nothing has nothing to forget', () => {
  const { tokenize } = makeForgetful().tokenizer
  expect(tokensOf({ tokenize, model: {} }, ['abc'])).toBe(3)
  expect(tokensOf({ tokenize, model: null }, ['abc'])).toBe(3)
})
