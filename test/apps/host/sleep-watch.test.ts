import { describe, expect, it, onTestFinished } from 'vitest'
import { watchSleep } from '../../../apps/host/sleep-watch.ts'
import { makeManualClock } from './support/manual-clock.ts'

async function openSleepWatch() {
  const clock = makeManualClock(Date.UTC(2026, 0, 1))
  const slept: number[] = []
  const stopping = new AbortController()
  const watching = watchSleep({ clock, stop: stopping.signal, woke: (ms) => slept.push(ms) })
  onTestFinished(async () => {
    stopping.abort()
    await watching
  })
  await clock.asleep()
  return { clock, slept }
}

describe('a machine that slept', () => {
  it.each([
    ['while its monotonic clock stood still', 'jump'],
    ['while all its clocks went on', 'advance'],
  ] as const)('%s is noticed once, at the next look', async (_, clockOf) => {
    const { clock, slept } = await openSleepWatch()
    clock[clockOf](3_600_000)
    for (let look = 0; look < 3; look += 1) await clock.nextSleep()
    await clock.asleep()
    expect(slept).toHaveLength(1)
    expect(slept[0]).toBeGreaterThanOrEqual(3_590_000)
  })

  it.each([29_000, -3_600_000, 0])('is not one whose clock moved by %i ms', async (ms) => {
    const { clock, slept } = await openSleepWatch()
    clock.jump(ms)
    for (let look = 0; look < 3; look += 1) await clock.nextSleep()
    expect(slept).toEqual([])
  })
})
