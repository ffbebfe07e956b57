import { describe, expect, test } from 'vitest'
import { renewing } from '../../../src/adapters/aws/credentials.ts'

const minute = 60_000

/** A source whose n-th credentials are `key n`; they last for `lastingMs`, or for ever. */
function open(lastingMs?: number) {
  const state = { nowMs: 0, fetched: 0, isBroken: false }
  const credentials = renewing(
    async () => {
      state.fetched += 1
      if (state.isBroken) throw new Error('nobody answers')
      const expiration = lastingMs === undefined ? undefined : new Date(state.nowMs + lastingMs)
      return { accessKeyId: `key ${state.fetched}`, secretAccessKey: 's', expiration }
    },
    () => state.nowMs,
  )
  return { state, key: async () => (await credentials()).accessKeyId }
}

describe('credentials', () => {
  test('that do not end are fetched once, by whoever asks first', async () => {
    const { state, key } = open()
    expect(await Promise.all([key(), key(), key()])).toEqual(['key 1', 'key 1', 'key 1'])
    state.nowMs = 1_000 * minute
    expect(await key()).toBe('key 1')
    expect(state.fetched).toBe(1)
  })

  test('are renewed five minutes before they end', async () => {
    const { state, key } = open(60 * minute)
    await key()
    state.nowMs = 55 * minute - 1
    expect(await key()).toBe('key 1')
    state.nowMs = 55 * minute
    expect(await Promise.all([key(), key()])).toEqual(['key 2', 'key 2'])
    expect(state.fetched).toBe(2)
  })

  test('that cannot be renewed serve until they end, and are asked for every ten seconds', async () => {
    const { state, key } = open(60 * minute)
    await key()
    state.isBroken = true
    state.nowMs = 55 * minute
    expect([await key(), await key()]).toEqual(['key 1', 'key 1'])
    expect(state.fetched).toBe(2)
    state.nowMs += 10_000
    expect(await key()).toBe('key 1')
    expect(state.fetched).toBe(3)
    state.nowMs = 60 * minute
    await expect(key()).rejects.toThrow('nobody answers')
    state.isBroken = false
    expect(await key()).toBe('key 5')
  })

  test('that cannot be fetched are fetched again by the next call', async () => {
    const { state, key } = open()
    state.isBroken = true
    await expect(key()).rejects.toThrow('nobody answers')
    state.isBroken = false
    expect(await key()).toBe('key 2')
  })
})
