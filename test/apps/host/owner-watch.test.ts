import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { OwnerLimits } from '../../../apps/host/config.ts'
import { pauseFileOf, setPaused } from '../../../apps/host/owner-pause-file.ts'
import { makeOwnerWatch } from '../../../apps/host/owner-watch.ts'
import type { GpuReport } from '../../../src/protocol/heartbeat.ts'
import { makeManualClock } from './support/manual-clock.ts'

const startMs = Date.UTC(2026, 5, 1, 12)

const gpuAt = (power_w: number | null): GpuReport => ({
  uuid: 'GPU-1',
  name: null,
  mem_used_mib: null,
  mem_total_mib: null,
  util_pct: null,
  temp_c: null,
  power_w,
})

async function openWatch(limits: object = {}) {
  const clock = makeManualClock(startMs)
  const folder = await mkdtemp(join(tmpdir(), 'b3iq-owner-'))
  const pauseFile = pauseFileOf(join(folder, 'state.json'))
  const world = { gpus: [] as GpuReport[], inFlight: 0 }
  const watch = makeOwnerWatch({
    limits: OwnerLimits.parse({ max_concurrency: 4, paid_enabled: true, ...limits }),
    pauseFile,
    gpus: () => world.gpus,
    inFlight: () => world.inFlight,
    clock,
    nowMs: clock.wallMs,
  })
  /** The GPUs draw this much, and `running` requests run. */
  const drawing = async (powerW: number | null, running: number) => {
    world.gpus = [gpuAt(powerW), gpuAt(null)]
    world.inFlight = running
    clock.advance(15_000)
    await watch.look()
    return watch.slots()
  }
  return { watch, clock, pauseFile, drawing }
}

describe('a pause that the owner asked for', () => {
  it('is seen within two seconds, and its end too', async () => {
    const { watch, clock, pauseFile } = await openWatch()
    const seen: (string | undefined)[] = []
    const stopping = new AbortController()
    const running = watch.run(stopping.signal, () => seen.push(watch.pause()))
    onTestFinished(async () => {
      stopping.abort()
      await running
    })
    await clock.asleep()
    await setPaused(pauseFile, true)
    await setPaused(pauseFile, true)
    expect(await clock.nextSleep()).toBe(2_000)
    await clock.asleep()
    await setPaused(pauseFile, false)
    await setPaused(pauseFile, false)
    await clock.nextSleep()
    await clock.asleep()
    expect(seen).toEqual([undefined, 'asked', undefined])
  })

  it('outlives a restart: the first look knows it', async () => {
    const { watch, pauseFile } = await openWatch()
    await setPaused(pauseFile, true)
    await watch.look()
    expect(watch.pause()).toBe('asked')
  })
})

it('outside of the hours the node is paused by its schedule', async () => {
  const windows = [{ from: '13:00', to: '14:00' }]
  const { watch, clock } = await openWatch({ schedule: { time_zone: 'UTC', windows } })
  const pauses: (string | undefined)[] = []
  for (let hour = 12; hour < 15; hour += 1) {
    await watch.look()
    pauses.push(watch.pause())
    clock.advance(3_600_000)
  }
  expect(pauses).toEqual(['schedule', undefined, 'schedule'])
})

describe('a power limit', () => {
  it('takes a slot for each reading above it, and gives them back well below', async () => {
    const { watch, drawing } = await openWatch({ max_power_w: 300 })
    expect(await drawing(310, 4)).toBe(3)
    expect(await drawing(305, 3)).toBe(2)
    expect(await drawing(290, 2)).toBe(2)
    expect(await drawing(200, 2)).toBe(3)
    expect(await drawing(200, 2)).toBe(4)
    expect(await drawing(200, 2)).toBe(4)
    expect(watch.pause()).toBeUndefined()
  })

  it('counts from what runs, not from slots that are empty anyway', async () => {
    const { drawing } = await openWatch({ max_power_w: 300 })
    expect(await drawing(310, 2)).toBe(1)
  })

  it('that one request alone exceeds pauses the node, which tries again after five minutes', async () => {
    const { watch, drawing } = await openWatch({ max_power_w: 300 })
    expect(await drawing(400, 1)).toBe(0)
    expect(watch.pause()).toBe('power')
    for (let reading = 1; reading < 20; reading += 1) expect(await drawing(30, 0)).toBe(0)
    expect(await drawing(30, 0)).toBe(1)
    expect(watch.pause()).toBeUndefined()
  })

  it('is told by GPUs that report their power, and by nothing else', async () => {
    const { drawing } = await openWatch({ max_power_w: 300 })
    expect(await drawing(null, 4)).toBe(4)
    expect(await drawing(310, 4)).toBe(3)
    expect(await drawing(null, 3)).toBe(3)
    const unlimited = await openWatch()
    expect(await unlimited.drawing(10_000, 4)).toBe(4)
  })
})
