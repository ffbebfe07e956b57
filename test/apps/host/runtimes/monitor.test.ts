import { createHash } from 'node:crypto'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../../../apps/host/clock.ts'
import type { RuntimeConfig } from '../../../../apps/host/config.ts'
import { makeArtifactDigests } from '../../../../apps/host/runtimes/artifact-digest.ts'
import { makeRuntimeMonitor } from '../../../../apps/host/runtimes/monitor.ts'
import { InventoryModel, RuntimeReport } from '../../../../src/protocol/heartbeat.ts'
import { startFakeRuntime } from '../support/fake-runtime.ts'
import { llamacpp, ollama, openai, vllm } from '../support/surfaces.ts'

type Surface = Readonly<Record<string, unknown>>

/** A monitor that has looked once at runtimes with these surfaces. */
async function look(
  surfaces: readonly Surface[],
  options: {
    readonly kind?: RuntimeConfig['kind']
    readonly inFlight?: number
    readonly ownerConcurrency?: number
  } = {},
) {
  const runtimes = await Promise.all(surfaces.map((surface) => startFakeRuntime({ surface })))
  onTestFinished(async () => {
    await Promise.all(runtimes.map((runtime) => runtime.close().catch(() => undefined)))
  })
  const monitor = makeRuntimeMonitor({
    runtimes: runtimes.map(({ url }, index) => ({
      id: `rt${index + 1}`,
      url,
      ...(options.kind === undefined ? {} : { kind: options.kind }),
    })),
    ownerConcurrency: options.ownerConcurrency ?? 8,
    inFlight: () => options.inFlight ?? 0,
    digests: makeArtifactDigests({
      known: () => [],
      remember: () => undefined,
      sleep: systemClock.sleep,
    }),
    clock: systemClock,
    log: () => undefined,
  })
  await monitor.pollOnce()
  return { monitor, runtimes, reports: monitor.reports(), models: monitor.models() }
}

async function modelFile(name: string, text = 'weights') {
  const path = join(await mkdtemp(join(tmpdir(), 'b3iq-model-')), name)
  await writeFile(path, text)
  return { path, digest: `sha256:${createHash('sha256').update(text).digest('hex')}` }
}

describe('llama.cpp', () => {
  it('is known by its endpoints, its model by the hash of the file', async () => {
    const { path, digest } = await modelFile('qwen2.5-0.5b-instruct-q4_k_m.gguf')
    const { reports, models } = await look([llamacpp(path)])
    expect(reports).toEqual([
      {
        id: 'rt1',
        kind: 'llamacpp',
        version: 'b6123-79c1160b',
        reachable: true,
        queue: {
          source: 'runtime',
          running: 1,
          waiting: 3,
          capacity: 2,
          health: 'ok',
          reason: null,
        },
      },
    ])
    expect(models).toEqual([
      {
        local_name: 'qwen',
        runtime_id: 'rt1',
        artifact: { format: 'gguf', digest, quantization: 'Q4_K_M', size_bytes: 7 },
        context_length: 8192,
        status: 'installed',
        remote: false,
      },
    ])
  })

  it.each([
    ['', 'unknown'],
    ['b6123-79c1160b-with-a-long-name-of-its-branch', 'b6123-79c1160b-with-a-long-name-'],
  ])('tells its version in the bounds of the protocol: "%s"', async (build_info, version) => {
    const surface = llamacpp('/elsewhere/m.gguf')
    const props = { ...surface['/props'], build_info }
    const { reports } = await look([{ ...surface, '/props': props }])
    expect(RuntimeReport.parse(reports[0]).version).toBe(version)
  })

  it('on another machine has only a name to go by', async () => {
    const { models } = await look([llamacpp('/elsewhere/my model.gguf')])
    expect(models[0]?.artifact).toMatchObject({ digest: 'name:my_model.gguf', size_bytes: null })
  })

  it('shows its load by its metrics where its slots are hidden', async () => {
    const { '/slots': _, ...surface } = llamacpp('/elsewhere/m.gguf')
    const { reports } = await look([surface])
    expect(reports[0]?.queue).toMatchObject({ source: 'runtime', running: 1, waiting: 3 })
  })

  it('shows no load where both are hidden: then the agent counts', async () => {
    const { '/slots': _, '/metrics': __, ...surface } = llamacpp('/elsewhere/m.gguf')
    const { reports } = await look([surface], { inFlight: 5 })
    expect(reports[0]?.queue).toMatchObject({ source: 'agent', running: 5, capacity: 8 })
  })

  it('that loads its model is reachable and unhealthy', async () => {
    const { reports } = await look([{ '/health': 503, '/props': 503 }], { kind: 'llamacpp' })
    expect(reports[0]).toMatchObject({ reachable: true, queue: { health: 'unhealthy' } })
  })

  it('that is loaded from its path names itself in 128 characters', async () => {
    const path = `/${'deep/'.repeat(40)}m.gguf`
    const surface = { ...llamacpp(path), '/v1/models': { data: [{ id: path }] } }
    const { models } = await look([surface])
    expect(models[0]?.local_name).toBe('m.gguf')
  })
})

describe('Ollama', () => {
  it('shows digests and no queue, and its cloud models are dropped', async () => {
    const { reports, models } = await look([ollama], { inFlight: 1 })
    expect(reports[0]).toMatchObject({
      kind: 'ollama',
      version: '0.33.0',
      queue: { source: 'agent', running: 1, waiting: 0, capacity: 8, health: 'ok' },
    })
    expect(models.map(({ local_name }) => local_name)).toEqual(['all-minilm:latest', 'qwen3:0.6b'])
    expect(models[1]).toMatchObject({
      artifact: {
        format: 'gguf',
        digest: `sha256:${'7'.repeat(64)}`,
        quantization: 'Q4_K_M',
        size_bytes: 522_653_767,
      },
      // As it is loaded, not as it was trained.
      context_length: 4096,
    })
  })
})

describe('vLLM', () => {
  it('is known by its metrics, summed over its engines', async () => {
    const { reports, models } = await look([vllm])
    expect(reports[0]).toMatchObject({
      kind: 'vllm',
      version: '0.32.0',
      queue: { source: 'runtime', running: 4, waiting: 2, capacity: 8, health: 'ok' },
    })
    expect(models).toMatchObject([
      {
        local_name: 'qwen-7b',
        artifact: { format: 'safetensors', digest: 'name:Qwen/Qwen2.5-7B-Instruct' },
        context_length: 32_768,
      },
    ])
  })

  it('with a dead engine is unhealthy', async () => {
    const { reports } = await look([{ ...vllm, '/health': 503 }])
    expect(reports[0]).toMatchObject({ reachable: true, queue: { health: 'unhealthy' } })
  })
})

describe('a server that only speaks the protocol', () => {
  it.each([undefined, 'openai', 'sglang', 'lmstudio'] as const)(
    'gives names (kind %s)',
    async (kind) => {
      const { reports, models } = await look([openai], kind === undefined ? {} : { kind })
      expect(reports[0]).toMatchObject({ kind: kind ?? 'openai', version: 'unknown' })
      expect(models[0]).toMatchObject({
        local_name: 'some model',
        artifact: { digest: 'name:some_model' },
      })
    },
  )
})

describe('a runtime that fails', () => {
  it.each<[string, Surface]>([
    ['answers nothing it should', {}],
    ['answers pages', { '/v1/models': '<html>', '/api/version': '<html>' }],
    ['answers without end', { '/v1/models': `[${' '.repeat(2 * 1024 * 1024)}]` }],
  ])('that %s is unreachable, and that is all', async (_, surface) => {
    const { reports, models } = await look([surface])
    expect(reports[0]).toMatchObject({ reachable: false, queue: { health: 'unhealthy' } })
    expect(models).toEqual([])
  })

  it('keeps its models, kind and version while it is silent', async () => {
    const { monitor, runtimes, models } = await look([ollama])
    await runtimes[0]?.close()
    await monitor.pollOnce()
    expect(monitor.models()).toEqual(models)
    expect(monitor.reports()[0]).toMatchObject({
      kind: 'ollama',
      version: '0.33.0',
      reachable: false,
    })
  })
})

describe('the queue', () => {
  it('is busy when all slots are taken, the owner counting as a limit too', async () => {
    const { reports } = await look([llamacpp('/elsewhere/m.gguf')], { ownerConcurrency: 1 })
    expect(reports[0]?.queue).toMatchObject({ capacity: 1, running: 1, health: 'busy' })
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

  it('is none for another artifact, a cloud model, or a runtime that is down', async () => {
    const { monitor, runtimes } = await look([ollama])
    expect(monitor.targetOf(`sha256:${'6'.repeat(64)}`)).toBeUndefined()
    expect(monitor.targetOf(`sha256:${'8'.repeat(64)}`)).toBeUndefined()
    await runtimes[0]?.close()
    await monitor.pollOnce()
    expect(monitor.targetOf(digest)).toBeUndefined()
  })
})

it('everything that is reported fits the protocol', async () => {
  const { reports, models } = await look([llamacpp('/elsewhere/m.gguf'), ollama, vllm, openai, {}])
  for (const report of reports) RuntimeReport.parse(report)
  for (const model of models) InventoryModel.parse(model)
  expect(reports).toHaveLength(5)
  expect(models).toHaveLength(5)
})
