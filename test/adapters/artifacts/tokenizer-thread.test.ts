import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  makeTokenizerThread,
  type TokenizerThread,
} from '../../../src/adapters/artifacts/tokenizer-thread.ts'
import { smallCount, smallTokenizer, smallTokenizerDigest } from '../../support/small-tokenizer.ts'

const digest = smallTokenizerDigest
let thread: TokenizerThread

beforeEach(() => {
  thread = makeTokenizerThread()
})
afterEach(() => thread.stop())

test('it counts what the tokenizer makes of each text', async () => {
  const texts = ['the story of the river', 'Straße', '東京 🙂', '']
  expect(await thread.load(digest, smallTokenizer)).toBeUndefined()
  const each = texts.map(smallCount)
  expect(await Promise.all(texts.map((text) => thread.count(digest, [text])))).toEqual(each)
  expect(await thread.count(digest, texts)).toBe(each.reduce((sum, one) => sum + one))
})

test('a file that is no tokenizer is told from one, and harms nothing', async () => {
  expect(await thread.load('sha256:a', Buffer.from('{"model":'))).toMatch(/^no tokenizer\.json: /)
  expect(await thread.load('sha256:b', Buffer.from('null'))).toBe(
    'no tokenizer.json: it is no JSON object',
  )
  expect(await thread.load('sha256:c', Buffer.from('{}'))).toMatch(/model/)
  expect(await thread.count('sha256:c', ['a'])).toBe('gone')
  expect(await thread.load(digest, smallTokenizer)).toBeUndefined()
  expect(await thread.count(digest, ['a'])).toBe(1)
})

test('a text that a tokenizer fails on costs nobody else their count', async () => {
  // Of a thousand such letters it makes a longer text than there can be.
  const normalizer = { type: 'Replace', pattern: { String: 'a' }, content: 'x'.repeat(2 ** 20) }
  const file: unknown = JSON.parse(smallTokenizer.toString('utf8'))
  const artifact = Buffer.from(JSON.stringify(Object.assign({}, file, { normalizer })))
  expect(await thread.load(digest, artifact)).toBeUndefined()
  expect(await thread.count(digest, ['be', 'a'.repeat(1_000)])).toBe('failed')
  expect(await thread.count(digest, ['be'])).toBe(smallCount('be'))
})

describe('a tokenizer is gone', () => {
  test('before it is loaded', async () => {
    expect(await thread.count(digest, ['a'])).toBe('gone')
  })

  test('once it was dropped', async () => {
    await thread.load(digest, smallTokenizer)
    thread.drop(digest)
    expect(await thread.count(digest, ['a'])).toBe('gone')
  })

  test('when its thread has ended, for those who wait as well; the next load starts another', async () => {
    await thread.load(digest, smallTokenizer)
    const waiting = thread.count(digest, ['the river '.repeat(50_000)])
    const loading = thread.load('sha256:b', smallTokenizer)
    await thread.stop()
    expect(await waiting).toBe('gone')
    expect(await loading).toBe('the thread ended before the tokenizer was loaded')
    expect(await thread.count(digest, ['a'])).toBe('gone')
    expect(await thread.load(digest, smallTokenizer)).toBeUndefined()
    expect(await thread.count(digest, ['a'])).toBe(1)
  })
})

test('more than a million letters do not wait, and none is missed once they are gone', async () => {
  await thread.load(digest, smallTokenizer)
  const half = 'a'.repeat(512 * 1024)
  const counts = [half, half, 'a'].map((text) => thread.count(digest, [text]))
  expect(await counts[2]).toBe('busy')
  await thread.stop()
  expect(await Promise.all(counts)).toEqual(['gone', 'gone', 'busy'])
  await thread.load(digest, smallTokenizer)
  expect(await thread.count(digest, ['a'])).toBe(1)
})

test('whoever counts leaves the thread to others meanwhile', async () => {
  await thread.load(digest, smallTokenizer)
  let turns = 0
  const timer = setInterval(() => {
    turns += 1
  }, 1)
  const counted = await thread.count(digest, ['the story of the river '.repeat(5_000)])
  clearInterval(timer)
  expect(counted).toBeGreaterThan(5_000)
  expect(turns).toBeGreaterThan(5)
})
