import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { beatBody } from '../../../apps/host/beat-body.ts'
import { makeServerClock } from '../../../apps/host/clock.ts'
import { makeControlPlane } from '../../../apps/host/control-plane.ts'
import { makeHeartbeatLoop } from '../../../apps/host/heartbeat-loop.ts'
import { makeNodeState } from '../../../apps/host/node-state.ts'
import { freshState, makeStateStore, readState } from '../../../apps/host/state-file.ts'
import { type Eligibility, inventoryDigest } from '../../../src/protocol/heartbeat.ts'
import { nodeAliasOf } from '../../../src/protocol/node-identity.ts'
import { startFakeIngest } from './support/fake-ingest.ts'
import { root, stage } from './support/gateway.ts'
import { makeManualClock } from './support/manual-clock.ts'
import { makeNodeKey } from './support/proxy.ts'

const serverStartMs = Date.UTC(2026, 0, 1)
const minute = 60_000

type LoopOptions = Omit<
  NonNullable<Parameters<typeof startFakeIngest>[0]>,
  'publicKey' | 'nowMs'
> & {
  /** How far the host's clock is ahead of the server's. */
  readonly aheadMs?: number
  readonly lastSeq?: number
  readonly random?: () => number
}

const model = {
  local_name: 'm',
  runtime_id: 'rt1',
  artifact: { format: 'gguf', digest: 'name:m', quantization: null, size_bytes: null },
  context_length: 4096,
  status: 'installed' as const,
  remote: false,
}

/** A node that beats against an ingest, in time that the test moves. */
async function openLoop(options: LoopOptions = {}) {
  const node = makeNodeKey()
  const clock = makeManualClock(serverStartMs + (options.aheadMs ?? 0))
  const serverNowMs = () => serverStartMs + clock.monotonicMs()
  const ingest = await startFakeIngest({
    ...options,
    publicKey: node.signer.publicKey,
    nowMs: serverNowMs,
  })
  const path = join(await mkdtemp(join(tmpdir(), 'b3iq-host-')), 'state.json')
  const enrolment = {
    node_id: node.nodeId,
    alias: nodeAliasOf(node.nodeId),
    status: 'active' as const,
    stage,
    route_epoch: 1,
    ticket_root_public_keys: [root.publicKey],
    next_in_ms: minute,
    ingest_url: ingest.url,
  }
  const models = [model]
  const hostFacts = { os: 'linux', arch: 'x64', driver: null, gpus: [] }
  const logged: string[] = []
  const log = (event: string) => void logged.push(event)
  const initial = { ...freshState, enrolment, last_seq: options.lastSeq ?? 0 }
  const state = makeStateStore({ path, initial, log })
  const nodeState = makeNodeState(clock.monotonicMs)
  const serverClock = makeServerClock(clock)
  const loop = makeHeartbeatLoop({
    controlPlane: makeControlPlane({ ...node, ingestUrl: ingest.url, clock, serverClock }),
    hostFacts: () => hostFacts,
    compose: (stamp, models) =>
      beatBody(
        {
          nodeId: node.nodeId,
          bootId: '3f0b6c7e-7c1b-4d0e-9b0a-2f1d5e6a7b8c',
          uptimeMs: clock.monotonicMs(),
          state: nodeState.current(),
          config: {
            mode: 'network',
            owner_limits: { max_concurrency: 2, paid_enabled: true },
            route: { kind: 'direct', url: 'https://node.example' },
          },
          routeEpoch: state.get().enrolment?.route_epoch ?? 0,
          gpus: [],
          hostFacts,
          runtimes: [],
          models,
          counters: {
            accepted: 0,
            completed: 0,
            failed: 0,
            cancelled_by_client: 0,
            rejected_busy: 0,
          },
        },
        stamp,
      ),
    inventoryModels: () => [...models],
    enrolment: () => state.get().enrolment ?? enrolment,
    state,
    nodeState,
    clock,
    serverClock,
    random: options.random ?? (() => 0.5),
    log,
  })
  const stopping = new AbortController()
  const running = loop(stopping.signal)
  const stop = async () => {
    stopping.abort()
    await running
  }
  onTestFinished(async () => {
    await stop()
    await state.flush()
    await ingest.close()
  })
  return { ingest, clock, state, nodeState, serverClock, models, stop, path, logged }
}

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
    expect(ingest.inventories).toEqual([
      { v: 1, node_id: ingest.beats[0]?.node_id, seq: ingest.beats[0]?.seq, models: [model] },
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
    nodeState.drain()
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
    expect(await clock.nextSleep()).toBe(1_500)
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
    expect(await clock.nextSleep()).toBe(1_500)
    expect(ingest.requests).toHaveLength(3)
    expect(ingest.beats).toHaveLength(1)
  })
})

describe('an ingest that fails', () => {
  it('is met with waits that double up to a minute, full of jitter', async () => {
    const draws = [0, 0.5, 1]
    const waits = await Promise.all(
      draws.map(async (drawn) => {
        const { clock } = await openLoop({ refuse: () => 'break', random: () => drawn })
        const slept: number[] = []
        for (let beat = 0; beat < 8; beat += 1) slept.push(await clock.nextSleep())
        return slept
      }),
    )
    expect(waits).toEqual([
      [1_000, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000],
      [1_500, 2_500, 4_500, 8_500, 16_500, 30_500, 30_500, 30_500],
      [2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000],
    ])
  })

  it('is given the time it asks for', async () => {
    const { clock } = await openLoop({
      refuse: () => ({ code: 'internal_error', retryAfterSec: 20 }),
    })
    expect(await clock.nextSleep()).toBe(20_000)
  })

  it('for ten minutes ends network work, which the next accepted beat resumes', async () => {
    let down = true
    const { clock, nodeState, ingest } = await openLoop({
      refuse: () => (down ? 'break' : undefined),
      random: () => 1,
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
    expect(await clock.nextSleep()).toBe(1_500)
    expect(state.get().last_beat?.code).toBe('bad_reply')
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
      expect([await clock.nextSleep(), await clock.nextSleep()]).toEqual([1_500, 2_500])
      expect(state.get().last_beat?.code).toBe(code)
      expect(logged).toEqual(['heartbeat'])
    },
  )
})
