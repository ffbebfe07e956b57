import { describe, expect, test } from 'vitest'
import { makeNotes } from '../../src/gateway/notes.ts'
import type { AttemptEnd } from '../../src/routing/breaker.ts'
import type { BreakerStore } from '../../src/routing/ports.ts'
import type { Verified } from '../../src/routing/verify.ts'
import { aCandidate } from '../adapters/dynamodb/facts.ts'

const price = {
  promptNanoUsdPerMTok: 1n,
  cachedPromptNanoUsdPerMTok: 1n,
  completionNanoUsdPerMTok: 1n,
}
const hostOf = (nodeId: string, isTrial = false): Verified => ({
  candidate: { ...aCandidate({ nodeId }), price },
  hot: undefined,
  isTrial,
})

/** Notes over breakers that say what was written to them. */
function notesOf(changes: Partial<BreakerStore> = {}) {
  const written: string[] = []
  const breakers: BreakerStore = {
    countFailure: async ({ nodeId }) => void written.push(`${nodeId} failed`),
    takeTrial: async ({ nodeId }) => `trial of ${nodeId}`,
    close: async (_, trialId) => void written.push(`closed by ${trialId}`),
    giveBack: async (_, trialId) => void written.push(`${trialId} given back`),
    ...changes,
  }
  const fleet = { recordProbe: async () => undefined }
  const notes = makeNotes({ breakers, fleet, nowMs: () => 1_000 })
  return { notes, written }
}

describe('a trial', () => {
  test.each<[AttemptEnd, boolean, string[]]>([
    ['finished', true, ['closed by trial of a']],
    // Stopped by its customer, after content: the host did what it was asked.
    ['aborted', true, ['closed by trial of a']],
    ['aborted', false, ['trial of a given back']],
    ['busy', false, ['trial of a given back']],
    ['stale_route', false, ['trial of a given back']],
    ['rejected', false, ['trial of a given back']],
    ['timed_out', false, ['a failed']],
    ['cut', true, ['a failed']],
  ])('that ends as %s, content shown: %s', async (end, isServed, expected) => {
    const { notes, written } = notesOf()
    const host = hostOf('a', true)
    expect(await notes.takeTrial(host)).toBe(true)
    notes.ended(host, end, { isServed, startedAtMs: 0 })
    await notes.written()
    expect(written).toEqual(expected)
  })

  test('is not ours where another took it, or the store does not answer', async () => {
    const taken = notesOf({ takeTrial: async () => undefined })
    expect(await taken.notes.takeTrial(hostOf('a', true))).toBe(false)
    const down = notesOf({ takeTrial: () => Promise.reject(new Error('throttled')) })
    expect(await down.notes.takeTrial(hostOf('a', true))).toBe(false)
  })
})

describe('without a trial', () => {
  test('a failure is counted, and a success writes nothing', async () => {
    const { notes, written } = notesOf()
    notes.ended(hostOf('a'), 'connect_failed', { isServed: false, startedAtMs: 0 })
    notes.ended(hostOf('b'), 'finished', { isServed: true, startedAtMs: 0 })
    await notes.written()
    expect(written).toEqual(['a failed'])
  })

  test('a rejection counts where an equal served the same, and only there', async () => {
    const { notes, written } = notesOf()
    const small = hostOf('small')
    const smaller = { ...small, candidate: { ...small.candidate, contextLength: 16 } }
    notes.ended(smaller, 'rejected', { isServed: false, startedAtMs: 0 })
    notes.ended(hostOf('liar'), 'rejected', { isServed: false, startedAtMs: 0 })
    notes.ended(hostOf('server'), 'finished', { isServed: true, startedAtMs: 0 })
    await notes.written()
    expect(written).toEqual(['liar failed'])
  })

  test('a write that fails is nobody’s answer', async () => {
    const { notes } = notesOf({ countFailure: () => Promise.reject(new Error('throttled')) })
    notes.ended(hostOf('a'), 'cut', { isServed: true, startedAtMs: 0 })
    await expect(notes.written()).resolves.toBeDefined()
  })
})
