import { describe, expect, it } from 'vitest'
import { makeGpuMonitor } from '../../../../apps/host/gpu/gpu-monitor.ts'
import { makeSmi } from '../../../../apps/host/gpu/smi.ts'
import { factsDigest } from '../../../../src/protocol/heartbeat.ts'
import { fakeSmi, gamingCard, print } from '../support/fake-smi.ts'
import { makeManualClock } from '../support/manual-clock.ts'

async function open(parts: Parameters<typeof fakeSmi>[0] = {}, running = 0, limitMs?: number) {
  const smi = await fakeSmi(parts)
  const clock = makeManualClock(0)
  const monitor = makeGpuMonitor({
    clock,
    own: () => ({ kinds: ['ollama'], running }),
    smi: makeSmi(smi.command, limitMs),
    platform: { os: 'linux', arch: 'x64' },
  })
  await monitor.firstLook()
  return { smi, clock, monitor }
}

describe('the monitor of the GPUs', () => {
  it('keeps the latest reading, and reads every 15 s', async () => {
    const { smi, clock, monitor } = await open()
    expect(monitor.latest()).toMatchObject([{ uuid: gamingCard.uuid, util_pct: 71 }])
    await smi.change({ gpus: print(gamingCard.line.replace(', 71, ', ', 0, ')) })
    const stop = new AbortController()
    const running = monitor.run(stop.signal)
    expect(await clock.nextSleep()).toBe(15_000)
    await clock.asleep()
    expect(monitor.latest()).toMatchObject([{ util_pct: 0 }])
    stop.abort()
    await running
  })

  it('keeps cards and facts while the driver fails, with nothing told of their load', async () => {
    const { smi, monitor } = await open()
    const before = factsDigest(monitor.hostFacts())
    await smi.change({ gpus: 'exit 18' })
    await monitor.readOnce()
    expect(monitor.latest()).toMatchObject([
      { uuid: gamingCard.uuid, mem_total_mib: 24_564, util_pct: null, power_w: null },
    ])
    expect(factsDigest(monitor.hostFacts())).toBe(before)
  })

  it('waits for a driver that is slow to wake its cards, three looks long', async () => {
    const { monitor, smi } = await open({ gpus: 'sleep 30' }, 0, 150)
    expect(monitor.latest()).toEqual([])
    const looks = (await smi.asked()).filter((call) => call.startsWith('--query-gpu'))
    expect(looks.length).toBeGreaterThan(0)
    expect(looks.length).toBeLessThanOrEqual(3)
  })

  it('without the tool tells of no GPU', async () => {
    const monitor = makeGpuMonitor({
      clock: makeManualClock(0),
      own: () => ({ kinds: [], running: 0 }),
      smi: makeSmi('/nowhere/nvidia-smi'),
    })
    await monitor.firstLook()
    expect(monitor.latest()).toEqual([])
    expect(monitor.usedByOthers()).toBe(false)
    expect(monitor.hostFacts()).toMatchObject({ driver: null, gpus: [] })
  })

  it('tells of a foreign program at once', async () => {
    const { monitor } = await open({ apps: print(`${gamingCard.uuid}, 7, blender, 4096`) }, 1)
    expect(monitor.usedByOthers()).toBe(true)
  })

  it('tells of load of its own accord after a second look', async () => {
    const { monitor } = await open()
    expect(monitor.usedByOthers()).toBe(false)
    await monitor.readOnce()
    expect(monitor.usedByOthers()).toBe(true)
  })

  it('takes the load of its own runtimes for nobody else', async () => {
    const { monitor } = await open({}, 1)
    await monitor.readOnce()
    expect(monitor.usedByOthers()).toBe(false)
  })
})
