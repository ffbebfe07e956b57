import { describe, expect, it } from 'vitest'
import { InventoryModel, RuntimeReport } from '../../../../src/protocol/heartbeat.ts'
import { startFakeRuntime } from '../support/fake-runtime.ts'
import { makeManualClock } from '../support/manual-clock.ts'
import { llamacpp, lmstudio, ollama, openai, sglang, vllm } from '../support/surfaces.ts'
import { look, makeMonitor, type RecordedSurface } from '../support/watch.ts'

describe('a runtime that fails', () => {
  it.each<[string, RecordedSurface]>([
    ['answers nothing it should', {}],
    ['answers pages', { '/v1/models': '<html>', '/api/version': '<html>' }],
    ['answers without end', { '/v1/models': `[${' '.repeat(2 * 1024 * 1024)}]` }],
  ])('that %s is unreachable, and that is all', async (_, surface) => {
    const { reports, models } = await look([surface])
    expect(reports[0]).toMatchObject({ reachable: false, queue: { health: 'unhealthy' } })
    expect(models).toEqual([])
  })

  it('keeps its models, kind and version while it is silent, and has none of them loaded', async () => {
    const { monitor, runtimes, models } = await look([ollama])
    await runtimes[0]?.close()
    await monitor.pollOnce()
    expect(monitor.models()).toEqual(models)
    expect(monitor.reports()[0]).toMatchObject({
      kind: 'ollama',
      version: '0.33.0',
      reachable: false,
      loaded: [],
    })
  })
})

describe('the kind of a runtime', () => {
  it('that only spoke the protocol at first is asked for again after a minute', async () => {
    const surface: Record<string, unknown> = { ...openai }
    const clock = makeManualClock(0)
    const { monitor } = await look([surface], { clock })
    Object.assign(surface, sglang)
    const kindAfter = async (ms: number) => {
      clock.advance(ms)
      await monitor.pollOnce()
      return monitor.reports()[0]?.kind
    }
    expect(await kindAfter(59_000)).toBe('openai')
    expect(await kindAfter(1_000)).toBe('sglang')
  })

  it('changes when another program answers at the address', async () => {
    const surface: Record<string, unknown> = { ...ollama }
    const { monitor } = await look([surface])
    for (const path of Object.keys(surface)) delete surface[path]
    await monitor.pollOnce()
    Object.assign(surface, lmstudio)
    await monitor.pollOnce()
    expect(monitor.reports()[0]).toMatchObject({ kind: 'lmstudio', version: 'unknown' })
  })

  it('that changed leaves nothing of what the program before it served', async () => {
    const surface: Record<string, unknown> = { ...ollama }
    const { monitor, models } = await look([surface])
    expect(models).not.toEqual([])
    for (const path of Object.keys(surface)) delete surface[path]
    await monitor.pollOnce()
    Object.assign(surface, { ...vllm, '/v1/models': 503 })
    await monitor.pollOnce()
    expect(monitor.reports()[0]).toMatchObject({ kind: 'vllm', reachable: true })
    expect(monitor.models()).toEqual([])
  })

  it('stays what the owner configured', async () => {
    const { monitor } = await look([vllm], { kind: 'openai' })
    await monitor.pollOnce()
    expect(monitor.reports()[0]).toMatchObject({ kind: 'openai', queue: { source: 'agent' } })
  })
})

describe('the queue', () => {
  it('is busy when all slots are taken, the owner counting as a limit too', async () => {
    let allowed = 1
    const ownerConcurrency = () => allowed
    const { monitor } = await look([llamacpp('/elsewhere/m.gguf')], { ownerConcurrency })
    const queue = () => monitor.reports()[0]?.queue
    expect(queue()).toMatchObject({ capacity: 1, running: 1, health: 'busy' })
    // The limit may move at any time, and what is told moves with it.
    allowed = 8
    expect(queue()).toMatchObject({ capacity: 2, running: 1 })
  })

  it('is blocked after 30 s in which work ran and no counter moved, until one moves', async () => {
    const surface = { ...vllm }
    const clock = makeManualClock(0)
    const { monitor } = await look([surface], { clock })
    const healthAfter = async (ms: number) => {
      clock.advance(ms)
      await monitor.pollOnce()
      return monitor.reports()[0]?.queue.health
    }
    expect(await healthAfter(29_000)).toBe('ok')
    expect(await healthAfter(1_000)).toBe('blocked')
    surface['/metrics'] = surface['/metrics'].replace('5.1e+06', '5.2e+06')
    expect(await healthAfter(5_000)).toBe('ok')
  })

  it.each([
    ['the last chunk that the agent relayed', 25_000, ['ok', 'blocked']],
    ['the beginning of the work, where there was no chunk', undefined, ['blocked', 'blocked']],
  ] as const)('of a runtime without counters is judged by %s', async (_, relayedAtMs, expected) => {
    const clock = makeManualClock(0)
    const lastProgressMs = () => relayedAtMs
    const { monitor } = await look([ollama], { clock, inFlight: 1, lastProgressMs })
    const health: (string | undefined)[] = []
    for (const ms of [31_000, 25_000]) {
      clock.advance(ms)
      await monitor.pollOnce()
      health.push(monitor.reports()[0]?.queue.health)
    }
    expect(health).toEqual(expected)
  })
})

describe('the target of a dispatch', () => {
  const digest = `sha256:${'7'.repeat(64)}`

  it('is the runtime that serves the artifact', async () => {
    const { monitor, runtimes } = await look([openai, ollama])
    expect(monitor.targetOf(digest)).toEqual({
      runtimeId: 'rt2',
      url: runtimes[1]?.url,
      kind: 'ollama',
      version: '0.33.0',
      localName: 'qwen3:0.6b',
      capacity: 8,
    })
  })

  it('is none while the file that the runtime has loaded instead is being hashed', async () => {
    const surface: Record<string, unknown> = { ...llamacpp('/models/one.gguf') }
    const { monitor } = await look([surface], {
      digests: {
        ofFile: async (path) =>
          path === '/models/one.gguf'
            ? { state: 'known', digest, sizeBytes: 7 }
            : { state: 'hashing' },
      },
    })
    expect(monitor.targetOf(digest)).toMatchObject({ localName: 'qwen' })
    Object.assign(surface, llamacpp('/models/other.gguf'))
    await monitor.pollOnce()
    expect(monitor.targetOf(digest)).toBeUndefined()
  })

  it('is none for another artifact, a cloud model, or a runtime that is down', async () => {
    const { monitor, runtimes } = await look([ollama])
    expect(monitor.targetOf(`sha256:${'6'.repeat(64)}`)).toBeUndefined()
    expect(monitor.targetOf(`sha256:${'8'.repeat(64)}`)).toBeUndefined()
    await runtimes[0]?.close()
    await monitor.pollOnce()
    expect(monitor.targetOf(digest)).toBeUndefined()
  })
})

describe('what is reported', () => {
  it('fits the protocol', async () => {
    const { reports, models } = await look([
      llamacpp('/elsewhere/m.gguf'),
      ollama,
      vllm,
      sglang,
      lmstudio,
      openai,
      {},
    ])
    for (const report of reports) RuntimeReport.parse(report)
    for (const model of models) InventoryModel.parse(model)
    expect(reports).toHaveLength(7)
    expect(models).toHaveLength(8)
  })

  it('names loaded models in 4 KB of one beat, over all runtimes', async () => {
    const data = Array.from({ length: 20 }, (_, at) => ({ id: `${at}`.padStart(126, 'm') }))
    const many = { ...vllm, '/v1/models': { object: 'list', data } }
    const { reports } = await look([many, many])
    expect(reports.map(({ loaded }) => loaded.length)).toEqual([20, 12])
  })

  it('is nothing before the first look', async () => {
    const runtime = await startFakeRuntime({ surface: ollama })
    const monitor = makeMonitor([runtime.url])
    await runtime.close()
    expect(monitor.models()).toEqual([])
    expect(monitor.reports()[0]).toMatchObject({ reachable: false, kind: 'openai' })
  })
})
