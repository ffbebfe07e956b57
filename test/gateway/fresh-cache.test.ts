import { describe, expect, test } from 'vitest'
import { makeFreshCache } from '../../src/gateway/fresh-cache.ts'

/** A cache of 5 s over answers that a test sets; `loads` are the keys that were read. */
function makeTestCache() {
  const state = { nowMs: 0, answer: 'first' as string | undefined | Error }
  const loads: string[] = []
  const cache = makeFreshCache(
    async (key) => {
      loads.push(key)
      if (state.answer instanceof Error) throw state.answer
      return state.answer
    },
    { freshMs: 5_000, nowMs: () => state.nowMs },
  )
  return { cache, state, loads }
}

describe('a value', () => {
  test('is read once while it is fresh', async () => {
    const { cache, state, loads } = makeTestCache()
    expect(await cache('a')).toBe('first')
    state.answer = 'second'
    state.nowMs = 4_999
    expect(await cache('a')).toBe('first')
    state.nowMs = 5_000
    expect(await cache('a')).toBe('second')
    expect(loads).toEqual(['a', 'a'])
  })

  test('is read once by all who ask at the same time', async () => {
    const { cache, loads } = makeTestCache()
    expect(await Promise.all([cache('a'), cache('a'), cache('b')])).toEqual(Array(3).fill('first'))
    expect(loads).toEqual(['a', 'b'])
  })

  test('that is missing is remembered as missing', async () => {
    const { cache, state, loads } = makeTestCache()
    state.answer = undefined
    expect(await cache('a')).toBeUndefined()
    state.answer = 'here'
    expect(await cache('a')).toBeUndefined()
    expect(loads).toEqual(['a'])
  })

  test('that could not be read is read again', async () => {
    const { cache, state } = makeTestCache()
    state.answer = new Error('no reply')
    await expect(cache('a')).rejects.toThrow('no reply')
    state.answer = 'here'
    expect(await cache('a')).toBe('here')
  })
})

test('at most 10,000 are kept, the oldest make room', async () => {
  const { cache, loads } = makeTestCache()
  for (let key = 0; key < 10_000; key += 1) await cache(`${key}`)
  await cache('0')
  expect(loads).toHaveLength(10_000)
  await cache('one more')
  await cache('1')
  expect(loads).toHaveLength(10_001)
  await cache('0')
  expect(loads).toHaveLength(10_002)
})
