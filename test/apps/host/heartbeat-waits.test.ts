import { describe, expect, it } from 'vitest'
import { minute, openLoop, serverStartMs } from './support/loop.ts'

describe('an ingest that fails', () => {
  it('is met with a first wait within two intervals, then with waits that double, all of them drawn', async () => {
    const waitsOf = async (drawn: number) => {
      const { clock } = await openLoop({
        refuse: () => 'break',
        random: () => drawn,
        intervalMs: 15_000,
      })
      const slept: number[] = []
      for (let beat = 0; beat < 12; beat += 1) slept.push(await clock.nextSleep())
      return slept.map((ms) => ms / 1_000)
    }
    expect(await waitsOf(0)).toEqual(Array.from({ length: 12 }, () => 1))
    expect(await waitsOf(0.5)).toEqual([15, 2, 4, 8, 16, 32, 64, 128, 256, 450, 450, 450])
    expect(await waitsOf(1)).toEqual([30, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900])
  })

  it.each([
    [10_000, 20_000],
    [15_000, 30_000],
    [30_000, 30_000],
    [60_000, 60_000],
  ])(
    'costs no node its freshness by one lost beat: of %i ms, retried within %i ms',
    async (intervalMs, atMostMs) => {
      const { clock } = await openLoop({ refuse: () => 'break', random: () => 1, intervalMs })
      expect(await clock.nextSleep()).toBe(atMostMs)
    },
  )

  it('is given the time it asks for', async () => {
    const { clock } = await openLoop({
      refuse: () => ({ code: 'internal_error', retryAfterSec: 60 }),
      random: () => 0,
    })
    expect(await clock.nextSleep()).toBe(60_000)
  })

  it('for ten minutes ends network work, which the next accepted beat resumes', async () => {
    let down = true
    const { clock, nodeState, ingest } = await openLoop({
      refuse: () => (down ? 'break' : undefined),
      random: () => 0.2,
    })
    while (clock.monotonicMs() <= 9 * minute) await clock.nextSleep()
    expect(nodeState.current()).toBe('ready')
    while (clock.monotonicMs() <= 10 * minute) await clock.nextSleep()
    expect(nodeState.current()).toBe('degraded')
    down = false
    while (ingest.beats.length === 0) await clock.nextSleep()
    await clock.nextSleep()
    expect(nodeState.current()).toBe('ready')
    expect(ingest.beats.map((beat) => beat.state)).toContain('degraded')
  })

  it('with something that is no reply is an error like any other', async () => {
    const { clock, state } = await openLoop({ beatReply: () => ({ next_in_ms: 0 }) })
    expect(await clock.nextSleep()).toBe(minute / 2)
    expect(state.get().last_beat?.code).toBe('bad_reply')
  })
})

it.each([
  [-1, 100],
  [2 ** 40, 600_000],
])('an interval of %i ms is kept within bounds: %i ms', async (intervalMs, keptMs) => {
  const { clock } = await openLoop({
    intervalMs,
    random: () => 0.5,
    refuse: () => ({ code: 'pending_approval' }),
  })
  expect(await clock.nextSleep()).toBe(keptMs)
})

describe('the first beat', () => {
  const lastBeat = { at_ms: serverStartMs - minute, code: 'ok', message: '' }

  it('of a node that beat before lies anywhere in an interval: a fleet that restarts spreads', async () => {
    const { clock, ingest } = await openLoop({ lastBeat, intervalMs: 20_000 })
    expect(await clock.nextSleep()).toBe(10_000)
    await clock.nextSleep()
    expect(ingest.beats[0]?.sent_at_ms).toBe(serverStartMs + 10_000)
  })

  it.each([
    ['that never beat', { intervalMs: minute }],
    ['whose interval is short', { lastBeat, intervalMs: 5_000 }],
  ])('of a node %s is sent at once', async (_, options) => {
    const { clock, ingest } = await openLoop(options)
    await clock.asleep()
    expect(ingest.beats[0]?.sent_at_ms).toBe(serverStartMs)
  })
})

describe('a change that the control plane should know', () => {
  it('is told at once, long before the next beat is due', async () => {
    const { clock, ingest, loop, pause } = await openLoop()
    await clock.asleep()
    clock.advance(6_000)
    pause.by = 'asked'
    loop.nudge()
    while (ingest.beats.length < 2) await clock.yield()
    expect(ingest.beats[1]).toMatchObject({
      state: 'paused_by_owner',
      sent_at_ms: serverStartMs + 6_000,
    })
  })

  it('is told no sooner than five seconds after the beat before', async () => {
    const { clock, ingest, loop } = await openLoop()
    await clock.asleep()
    clock.advance(1_000)
    loop.nudge()
    loop.nudge()
    await clock.wakeOf(4_000)
    await clock.asleep()
    expect(ingest.beats.map(({ sent_at_ms }) => sent_at_ms - serverStartMs)).toEqual([0, 5_000])
  })

  it('ends a wait that a failing ingest made long', async () => {
    let down = true
    const { clock, ingest, loop } = await openLoop({ refuse: () => (down ? 'break' : undefined) })
    await clock.asleep()
    down = false
    clock.advance(30_000)
    loop.nudge()
    while (ingest.beats.length === 0) await clock.yield()
    expect(ingest.beats).toHaveLength(1)
  })
})
