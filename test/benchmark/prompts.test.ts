import { expect, test } from 'vitest'
import { ids } from '../../src/adapters/system.ts'
import { freshPrompt } from '../../src/benchmark/prompts.ts'
import { promptBytes } from '../../src/metering/count.ts'

const ask = 'Tell a story with these words.'
const random = () => 0.5
const prompt = (bytes: number) => freshPrompt({ ids, random }, bytes, ask)
const bytesOf = (content: string) => promptBytes({ messages: [{ role: 'user', content }] })

test('a prompt begins with 128 bits that nobody has seen, and ends with what it asks for', () => {
  expect(prompt(500)).toMatch(/^[\w-]{22} .* Tell a story with these words\.$/)
  const nonces = Array.from({ length: 100 }, () => prompt(500).slice(0, 22))
  expect(new Set(nonces).size).toBe(100)
})

test.each([100, 1_000, 100_000])('a prompt of %d bytes has as many, but for a word', (bytes) => {
  expect(bytesOf(prompt(bytes))).toBeLessThanOrEqual(bytes)
  expect(bytesOf(prompt(bytes))).toBeGreaterThan(bytes - 10)
})

test('a prompt that is too short for more is the nonce and what it asks for', () => {
  expect(prompt(1)).toMatch(/^[\w-]{22} Tell a story with these words\.$/)
})
