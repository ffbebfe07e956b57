import { describe, expect, it } from 'vitest'
import { parseGpus } from '../../../../apps/host/gpu/gpu-query.ts'
import { statusReport } from '../../../../apps/host/status/report.ts'
import { gpuLines, statusText } from '../../../../apps/host/status/text.ts'
import type { RuntimeReport } from '../../../../src/protocol/heartbeat.ts'
import { enrolledState, profile, routeDown, soonAfterMs } from '../support/enrolled-state.ts'
import { gamingCard } from '../support/fake-smi.ts'

const queue = { running: 1, waiting: 0, capacity: 8, health: 'ok', reason: null } as const
const runtimes: RuntimeReport[] = [
  {
    id: 'rt1',
    kind: 'vllm',
    version: '0.32.0',
    reachable: true,
    loaded: ['qwen-7b'],
    queue: { ...queue, source: 'runtime', health: 'blocked', reason: 'No token for 31 s.' },
  },
  {
    id: 'second',
    kind: 'ollama',
    version: '0.33.0',
    reachable: true,
    loaded: [],
    queue: { ...queue, source: 'agent' },
  },
]

describe('the status of a node', () => {
  it('tells what is closed and what to do, then the machine, in aligned columns', () => {
    const report = statusReport(
      {
        config: { mode: 'network', route: { kind: 'direct', url: 'https://node.example' } },
        state: {
          ...enrolledState,
          eligibility: [profile('a@q8'), profile('long-name@q4', routeDown)],
        },
        look: { runtimes, gpus: parseGpus(gamingCard.line).map((gpu) => gpu.report) },
      },
      soonAfterMs,
    )
    expect(statusText(report)).toBe(
      [
        'B3IQ-N7K4 (n_n7k4aaaaaaaaaaaaaaaaaaaaaa) in stage test',
        'Earning with 1 of 2 profiles.',
        '',
        'Heartbeat  12 s ago: accepted',
        'Agent      ready',
        'Mode       network',
        'Route      direct, https://node.example: Open the route.',
        'Tunnel     None is needed: the route is direct.',
        '',
        'CLOSED GATE  PROFILES      WHAT TO DO',
        'route        long-name@q4  Open the route. (route_down)',
        '',
        'PROFILE       MODEL            EARNS  CLOSED GATES',
        'a@q8          maker/a          yes',
        'long-name@q4  maker/long-name  no     route',
        '',
        'RUNTIME  KIND    VERSION  HEALTH   RUNNING  WAITING  SLOTS  LOADED   NOTE',
        'rt1      vllm    0.32.0   blocked  1        0        8      qwen-7b  No token for 31 s.',
        'second   ollama  0.33.0   ok       -        -        8      -',
        '',
        'GPU                      MEMORY              LOAD  TEMPERATURE  POWER',
        'NVIDIA GeForce RTX 4090  20311 of 24564 MiB  71 %  66 °C        288 W',
      ].join('\n'),
    )
  })

  it('tells why the last heartbeat was refused', () => {
    const last_beat = { at_ms: 1_000, code: 'pending_approval', message: 'The node waits.' }
    const state = { ...enrolledState, last_beat }
    const config = { mode: 'network', route: { kind: 'cloudflared_named' } } as const
    const report = statusReport({ config, state, look: { runtimes: [], gpus: [] } }, 300_000)
    const text = statusText(report)
    expect(text).toContain('Heartbeat  5 min ago: pending_approval. The node waits.')
    expect(text).toContain('Tunnel     The agent keeps cloudflared up while it runs.')
    expect(text).toContain('No GPU is seen')
  })
})

it('a GPU that tells nothing is shown by its name in the driver', () => {
  const unknown = 'GPU-1, [N/A], 1, 1, [N/A], [N/A], [N/A], [N/A], [N/A]'
  expect(gpuLines(parseGpus(unknown).map((gpu) => gpu.report))[1]).toBe(
    'GPU-1  ? of ? MiB  ? %   ? °C         ? W',
  )
})
