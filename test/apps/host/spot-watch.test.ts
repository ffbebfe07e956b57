import { describe, expect, test } from 'vitest'
import { drainAfter } from '../../../apps/host/drain.ts'
import { reclaimed, reclaimSignal } from '../../../apps/host/spot-watch.ts'

type Facts = Readonly<Record<string, string>>

/** An instance whose metadata say, at each look, the next of these; then time stands still. */
function watched(looks: readonly (Facts | 'silent')[]) {
  const stop = new AbortController()
  const waits: number[] = []
  const lines: unknown[] = []
  const signal = reclaimSignal({
    stop: stop.signal,
    read: async (path) => {
      const facts = looks[waits.length]
      if (facts === 'silent') throw new Error('no answer')
      return facts?.[path]
    },
    clock: {
      sleep: async (durationMs) => {
        waits.push(durationMs)
        if (waits.length >= looks.length) await new Promise(() => undefined)
      },
    },
    log: (event, fields) => void lines.push({ event, ...fields }),
  })
  return { stop, signal, waits, lines }
}

const inService = { 'autoscaling/target-lifecycle-state': 'InService' }
const spotNotice = { 'spot/instance-action': '{"action":"terminate"}' }

describe('the end of an EC2 instance', () => {
  test.each([
    ['Spot takes it back', { ...inService, ...spotNotice }, 'spot'],
    ['its group replaces it', { 'autoscaling/target-lifecycle-state': 'Terminated' }, 'group'],
  ])('is seen when %s', async (_, notice, by) => {
    const { signal, lines } = watched([inService, inService, notice])
    await expect.poll(() => signal.aborted).toBe(true)
    expect(signal.reason).toBe(reclaimed)
    expect(lines).toEqual([{ event: 'reclaimed', by }])
  })

  test('is looked for every 5 s', async () => {
    const { signal, waits } = watched([inService, 'silent', {}])
    await expect.poll(() => waits).toEqual([5_000, 5_000, 5_000])
    expect(signal.aborted).toBe(false)
  })

  test('is not what a stop is: that keeps its own reason, and the looks end', async () => {
    const { stop, signal } = watched([inService])
    stop.abort()
    expect(signal.aborted).toBe(true)
    expect(signal.reason).not.toBe(reclaimed)
  })
})

describe('what runs when the end comes', () => {
  test.each([
    ['EC2 takes the instance', reclaimed, [100_000, 5_000]],
    ['somebody stops the agent', undefined, [10_000, 5_000]],
  ])('has time: %s', async (_, reason, expected) => {
    const stop = new AbortController()
    stop.abort(reason)
    const waits: number[] = []
    await drainAfter(stop.signal, {
      server: { port: 1, stopListening: () => undefined, closeConnections: () => undefined },
      slots: { idle: () => new Promise(() => undefined) },
      clock: {
        wallMs: () => 0,
        monotonicMs: () => 0,
        sleep: async (durationMs) => void waits.push(durationMs),
      },
    })
    expect(waits).toEqual(expected)
    // Two minutes are what EC2 gives; noticing takes up to five seconds of them.
    expect(waits.reduce((sum, waitMs) => sum + waitMs, 5_000)).toBeLessThanOrEqual(120_000)
  })
})
