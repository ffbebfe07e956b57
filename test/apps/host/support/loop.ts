/** A node that beats against an ingest, in time that the test moves. */
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { beatBody } from '../../../../apps/host/beat-body.ts'
import { makeServerClock } from '../../../../apps/host/clock.ts'
import { makeControlPlane } from '../../../../apps/host/control-plane.ts'
import { makeHeartbeatLoop } from '../../../../apps/host/heartbeat-loop.ts'
import { makeNodeState, type OwnerPause } from '../../../../apps/host/node-state.ts'
import { freshState, type HostState, makeStateStore } from '../../../../apps/host/state-file.ts'
import { nodeAliasOf } from '../../../../src/protocol/node-identity.ts'
import { startFakeIngest } from './fake-ingest.ts'
import { root, stage } from './gateway.ts'
import { makeManualClock } from './manual-clock.ts'
import { makeNodeKey } from './proxy.ts'

export const serverStartMs = Date.UTC(2026, 0, 1)
export const minute = 60_000

type LoopOptions = Omit<
  NonNullable<Parameters<typeof startFakeIngest>[0]>,
  'publicKey' | 'nowMs'
> & {
  /** How far the host's clock is ahead of the server's. */
  readonly aheadMs?: number
  readonly lastSeq?: number
  readonly intervalMs?: number
  readonly lastBeat?: HostState['last_beat']
  readonly random?: () => number
}

export const model = {
  local_name: 'm',
  runtime_id: 'rt1',
  artifact: { format: 'gguf', digest: 'name:m', quantization: null, size_bytes: null },
  context_length: 4096,
  status: 'installed' as const,
  remote: false,
}

export async function openLoop(options: LoopOptions = {}) {
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
    job_public_keys: [],
    next_in_ms: options.intervalMs ?? minute,
    ingest_url: ingest.url,
  }
  const models = [model]
  const hostFacts = { os: 'linux', arch: 'x64', driver: null, gpus: [] }
  const logged: string[] = []
  const log = (event: string) => void logged.push(event)
  const initial = {
    ...freshState,
    enrolment,
    last_seq: options.lastSeq ?? 0,
    last_beat: options.lastBeat ?? null,
  }
  const state = makeStateStore({ path, initial, log })
  const pause: { by: OwnerPause | undefined } = { by: undefined }
  const nodeState = makeNodeState({
    monotonicMs: clock.monotonicMs,
    ownerPause: () => pause.by,
    userActive: () => false,
  })
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
          mode: 'network',
          ownerLimits: {
            max_concurrency: 2,
            paid_enabled: true,
            schedule: null,
            max_power_w: null,
          },
          tunnel: {
            kind: 'direct',
            state: 'up',
            route_epoch: state.get().enrolment?.route_epoch ?? 0,
          },
          gpus: [],
          hostFacts,
          runtimes: [],
          models,
          keysDigest: null,
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
  const running = loop.run(stopping.signal)
  const stop = async () => {
    stopping.abort()
    await running
  }
  onTestFinished(async () => {
    await stop()
    await state.flush()
    await ingest.close()
  })
  return { loop, pause, ingest, clock, state, nodeState, serverClock, models, stop, path, logged }
}
