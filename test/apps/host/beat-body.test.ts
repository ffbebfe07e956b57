import { expect, it } from 'vitest'
import { beatBody } from '../../../apps/host/beat-body.ts'
import { Heartbeat } from '../../../src/protocol/heartbeat.ts'
import { limits } from '../../../src/protocol/limits.ts'

const long = 'x'.repeat(128)
const short = 'y'.repeat(32)
const big = Number.MAX_SAFE_INTEGER

it('the fullest beat fits the bound of ingest', () => {
  const beat = beatBody(
    {
      nodeId: `n_${'a'.repeat(26)}`,
      bootId: '11111111-2222-4333-8444-555555555555',
      uptimeMs: big,
      state: 'paused_by_owner',
      mode: 'managed',
      ownerLimits: { max_concurrency: 4096, paid_enabled: false, schedule: long, max_power_w: big },
      tunnel: { kind: 'cloudflared_named', state: 'connecting', route_epoch: big },
      gpus: Array.from({ length: limits.gpusPerNode }, () => ({
        uuid: long,
        name: long,
        mem_used_mib: big,
        mem_total_mib: big,
        util_pct: 100,
        temp_c: -10.5,
        power_w: 1234.56,
      })),
      hostFacts: { os: 'linux', arch: 'x64', driver: null, gpus: [] },
      runtimes: Array.from({ length: limits.runtimesPerNode }, () => ({
        id: short,
        kind: 'lmstudio' as const,
        version: short,
        reachable: false,
        // All runtimes together name 4 KB of models.
        loaded: Array.from({ length: 4 }, () => long.slice(2)),
        queue: {
          source: 'runtime' as const,
          running: big,
          waiting: big,
          capacity: 4096,
          health: 'unhealthy' as const,
          reason: long,
        },
      })),
      models: [],
      keysDigest: 'f'.repeat(64),
      counters: {
        accepted: big,
        completed: big,
        failed: big,
        cancelled_by_client: big,
        rejected_busy: big,
      },
    },
    { seq: big, sent_at_ms: big, clock_offset_ms: -big },
  )
  expect(Heartbeat.safeParse(beat).error).toBeUndefined()
  expect(Buffer.byteLength(JSON.stringify(beat))).toBeLessThan(limits.heartbeatBytes)
})
