import { describe, expect, it } from 'vitest'
import { readState } from '../../../apps/host/state-file.ts'
import { type Eligibility, inventoryDigest } from '../../../src/protocol/heartbeat.ts'
import { minute, model, openLoop, serverStartMs } from './support/loop.ts'

describe('the heartbeat loop', () => {
  it('beats at once, then as the server dictates', async () => {
    const { ingest, clock } = await openLoop({ beatReply: () => ({ next_in_ms: 12_000 }) })
    expect([await clock.nextSleep(), await clock.nextSleep()]).toEqual([12_000, 12_000])
    await clock.nextSleep()
    expect(ingest.beats).toHaveLength(3)
    expect(ingest.beats[0]).toMatchObject({ sent_at_ms: serverStartMs, state: 'ready' })
  })

  it.each([
    [0, 13_500],
    [0.999_999, 16_500],
  ])('spreads its beats by a tenth: drawn %f waits %i ms of 15 s', async (drawn, waitMs) => {
    const { clock } = await openLoop({ random: () => drawn })
    expect(await clock.nextSleep()).toBe(waitMs)
  })

  it('counts strictly up, in corrected milliseconds', async () => {
    const { ingest, clock } = await openLoop({ lastSeq: serverStartMs + 5_000 })
    for (let beat = 0; beat < 3; beat += 1) await clock.nextSleep()
    expect(ingest.beats.map(({ seq }) => seq)).toEqual([
      serverStartMs + 5_001,
      serverStartMs + 15_000,
      serverStartMs + 30_000,
    ])
  })

  it('sends its inventory under the sequence of the beat whose reply asked for it', async () => {
    const { ingest, clock } = await openLoop({
      beatReply: () => ({ need: ingest.inventories.length === 0 ? ['inventory'] : [] }),
    })
    await clock.nextSleep()
    await clock.nextSleep()
    const [beat] = ingest.beats
    expect(ingest.inventories).toEqual([
      {
        v: 1,
        node_id: beat?.node_id,
        seq: beat?.seq,
        models: [model],
        facts: { os: 'linux', arch: 'x64', driver: null, gpus: [] },
      },
    ])
    expect(ingest.beats[0]?.inventory_digest).toBe(inventoryDigest([model]))
  })

  it('sends the inventory that the beat named, whatever was found meanwhile', async () => {
    const { ingest, clock, models } = await openLoop({
      beatReply: () => {
        models.push({ ...model, local_name: 'newer' })
        return { need: ['inventory'] }
      },
    })
    await clock.nextSleep()
    const digests = ingest.inventories.map((inventory) => inventoryDigest(inventory.models))
    expect(digests).toEqual(ingest.beats.map((beat) => beat.inventory_digest))
  })

  it('learns the route epoch and keeps eligibility for the owner', async () => {
    const eligibility: Eligibility[] = [
      {
        profile_id: 'p',
        model: 'm',
        eligible: false,
        gates: { fresh: true, route: false, protocol: true, runtime: true, policy: true },
        blockers: [{ gate: 'route', code: 'route_down', message: 'Open the route.' }],
      },
    ]
    const { clock, state, path } = await openLoop({
      beatReply: () => ({ route_epoch: 9, eligibility }),
    })
    await clock.asleep()
    await state.flush()
    expect(await readState(path)).toMatchObject({
      eligibility,
      last_seq: serverStartMs,
      last_beat: { code: 'ok', at_ms: serverStartMs },
      enrolment: { route_epoch: 9, next_in_ms: 15_000 },
    })
  })

  it('tells that it drains with a last beat', async () => {
    const { ingest, clock, nodeState, stop } = await openLoop()
    await clock.nextSleep()
    nodeState.drain('stop')
    await stop()
    expect(ingest.beats.at(-1)?.state).toBe('draining')
  })
})

describe('a wrong clock', () => {
  it.each([-10 * minute, 10 * minute])(
    'of %i ms is corrected by the refusal, with one retry at once',
    async (aheadMs) => {
      const { ingest, clock, serverClock } = await openLoop({ aheadMs })
      expect(await clock.nextSleep()).toBe(15_000)
      expect(ingest.requests).toHaveLength(2)
      expect(ingest.beats).toHaveLength(1)
      expect(ingest.beats[0]).toMatchObject({ seq: serverStartMs, clock_offset_ms: -aheadMs })
      expect(serverClock.offsetMs()).toBe(-aheadMs)
    },
  )

  it('that jumps while the agent runs is corrected the same way', async () => {
    const { ingest, clock } = await openLoop()
    await clock.nextSleep()
    clock.jump(20 * minute)
    await clock.nextSleep()
    await clock.nextSleep()
    expect(ingest.beats.map(({ sent_at_ms }) => sent_at_ms)).toEqual([
      serverStartMs,
      serverStartMs + 15_000,
      serverStartMs + 30_000,
    ])
  })

  it('that the server keeps refusing is retried once, then backed off from', async () => {
    const { ingest, clock } = await openLoop({
      refuse: () => ({ code: 'clock_skew', detail: { server_time_ms: serverStartMs } }),
    })
    expect(await clock.nextSleep()).toBe(minute / 2)
    expect(ingest.requests).toHaveLength(2)
  })

  it('of a little is learned from every reply', async () => {
    const { serverClock, clock } = await openLoop({ aheadMs: 20_000 })
    await clock.nextSleep()
    expect(serverClock.offsetMs()).toBe(-20_000)
  })
})

describe('a sequence behind the server', () => {
  it('is resumed from the one the server names, once per boot', async () => {
    const { ingest, clock } = await openLoop()
    const ahead = serverStartMs + minute
    ingest.setLastSeq(ahead)
    expect(await clock.nextSleep()).toBe(15_000)
    expect(ingest.beats.map(({ seq }) => seq)).toEqual([ahead + 1])
    expect(ingest.requests).toHaveLength(2)

    ingest.setLastSeq(ahead + minute)
    expect(await clock.nextSleep()).toBe(15_000)
    expect(ingest.requests).toHaveLength(3)
    expect(ingest.beats).toHaveLength(1)
  })
})

describe('a node that is not let in', () => {
  it('keeps its interval while it waits for approval, and is no failure', async () => {
    const { clock, state } = await openLoop({ refuse: () => ({ code: 'pending_approval' }) })
    expect([await clock.nextSleep(), await clock.nextSleep()]).toEqual([minute, minute])
    expect(state.get().last_beat).toMatchObject({ code: 'pending_approval' })
  })

  it.each(['node_revoked', 'unknown_node', 'cloned_identity'] as const)(
    'says %s to its owner and backs off',
    async (code) => {
      const { clock, state, logged } = await openLoop({ refuse: () => ({ code }) })
      expect([await clock.nextSleep(), await clock.nextSleep()]).toEqual([minute / 2, 2_000])
      expect(state.get().last_beat?.code).toBe(code)
      expect(logged).toEqual(['heartbeat'])
    },
  )
})
