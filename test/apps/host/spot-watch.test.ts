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
  /** How long the agent waits at most for what never ends. */
  async function drainedMs(reason: unknown): Promise<number> {
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
    return waits.reduce((sum, waitMs) => sum + waitMs, 0)
  }

  test('has most of the two minutes that EC2 gives, of which noticing takes up to five seconds', async () => {
    const reclaimedMs = await drainedMs(reclaimed)
    expect(reclaimedMs + 5_000).toBeLessThanOrEqual(120_000)
    expect(reclaimedMs).toBeGreaterThanOrEqual(100_000)
  })

  test('has seconds where somebody stops the agent', async () => {
    expect(await drainedMs(undefined)).toBeLessThanOrEqual(15_000)
  })
})
