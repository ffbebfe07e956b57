// What the agent reads of each runtime and version, from recorded answers over real HTTP.
import { describe, expect, it } from 'vitest'
import { InventoryModel, RuntimeReport } from '../../../../src/protocol/heartbeat.ts'
import * as llamacpp from '../support/surfaces/llamacpp.ts'
import * as lmstudio from '../support/surfaces/lmstudio.ts'
import * as ollama from '../support/surfaces/ollama.ts'
import { openai } from '../support/surfaces/openai.ts'
import * as sglang from '../support/surfaces/sglang.ts'
import * as vllm from '../support/surfaces/vllm.ts'
import { look, modelFile, type RecordedSurface } from '../support/watch.ts'

const elsewhere = '/elsewhere/qwen-Q4_K_M.gguf'

type Row = readonly [
  what: string,
  surface: RecordedSurface,
  /** running / waiting / capacity of which source, and what follows from it. */
  load: string,
  identity: { readonly kind: string; readonly version: string; readonly loaded: readonly string[] },
]

const v = (version: string, loaded = ['qwen-7b']) => ({ kind: 'vllm', version, loaded })
const s = (version: string, loaded = ['llama-8b']) => ({ kind: 'sglang', version, loaded })
const o = (version: string, loaded: string[]) => ({ kind: 'ollama', version, loaded })
const l = (loaded: string[], version = 'b6123-79c1160b') => ({ kind: 'llamacpp', version, loaded })
const m = (loaded: string[]) => ({ kind: 'lmstudio', version: 'unknown', loaded })

const rows: readonly Row[] = [
  ['vLLM 0.8, cache nearly full', vllm.vllm0_8, 'runtime 2/0/8 busy', v('0.8.5.post1')],
  ['vLLM 0.9.2, both cache names', vllm.vllm0_9_2, 'runtime 2/1/8 ok', v('0.9.2')],
  ['vLLM 0.11, full', vllm.vllm0_11, 'runtime 8/9/8 busy', v('0.11.0')],
  ['vLLM 0.32, two engines', vllm.vllm, 'runtime 4/2/8 ok', v('0.32.0')],
  ['vLLM 0.32, no capacity', vllm.vllmFull, 'runtime 4/2/8 busy', v('0.32.0')],
  ['vLLM 0.32, no statistics', vllm.vllmSilent, 'agent 5/0/8 ok', v('0.32.0')],
  ['vLLM 0.32, asleep', vllm.vllmAsleep, 'runtime 4/2/8 blocked', v('0.32.0', [])],
  ['vLLM 0.11, asleep', vllm.vllmAsleepInDevelopment, 'runtime 8/9/8 blocked', v('0.11.0', [])],
  ['vLLM 0.32, paused', vllm.vllmPaused, 'runtime 4/2/8 blocked', v('0.32.0')],
  ['vLLM 0.32, engine dead', vllm.vllmDead, 'runtime 4/2/8 unhealthy', v('0.32.0', [])],
  ['SGLang 0.4.4', sglang.sglang0_4_4, 'runtime 3/1/4 ok', s('0.4.4.post1')],
  ['SGLang 0.5', sglang.sglang, 'runtime 3/1/4 ok', s('0.5.12.post1')],
  ['SGLang 0.5, no metrics', sglang.sglangWithoutMetrics, 'runtime 4/1/4 busy', s('0.5.12.post1')],
  ['SGLang, starting', sglang.sglangStarting, 'runtime 3/1/4 unhealthy', s('0.5.12.post1', [])],
  ['Ollama 0.33', ollama.ollama, 'agent 5/0/8 ok', o('0.33.0', ['qwen3:0.6b'])],
  ['Ollama 0.6', ollama.ollama0_6, 'agent 5/0/8 ok', o('0.6.8', [])],
  ['llama.cpp', llamacpp.llamacpp(elsewhere), 'runtime 1/3/2 busy', l(['qwen'])],
  [
    'llama.cpp, no metrics',
    llamacpp.llamacppWithoutMetrics(elsewhere),
    'runtime 1/0/2 ok',
    l(['qwen']),
  ],
  [
    'llama.cpp, no slots',
    llamacpp.llamacppWithoutSlots(elsewhere),
    'runtime 1/3/2 busy',
    l(['qwen']),
  ],
  ['llama.cpp, neither', llamacpp.llamacppSilent(elsewhere), 'agent 5/0/8 ok', l(['qwen'])],
  [
    'llama.cpp, cache nearly full',
    llamacpp.llamacppWithCacheGauge(elsewhere),
    'runtime 1/0/2 busy',
    l(['qwen']),
  ],
  ['llama.cpp, asleep', llamacpp.llamacppAsleep(elsewhere), 'runtime 0/0/2 ok', l([])],
  [
    'llama.cpp, router',
    llamacpp.llamacppRouter(elsewhere),
    'runtime 1/3/2 busy',
    l(['ggml-org/qwen:Q4_K_M']),
  ],
  ['LM Studio 0.4', lmstudio.lmstudio, 'agent 5/0/8 ok', m(['qwen/qwen3-4b-2507'])],
  ['LM Studio 0.3', lmstudio.lmstudio0_3, 'agent 5/0/8 ok', m(['meta-llama-3.1-8b-instruct'])],
  [
    'any other server',
    openai,
    'agent 5/0/8 ok',
    { kind: 'openai', version: 'unknown', loaded: [] },
  ],
]

describe('the load, kind and version of', () => {
  it.each(rows)('%s', async (_, surface, load, identity) => {
    const { reports } = await look([surface], { inFlight: 5 })
    const [report] = reports.map((one) => RuntimeReport.parse(one))
    const queue = report?.queue
    expect(report).toMatchObject({ id: 'rt1', reachable: true, ...identity })
    expect(
      `${queue?.source} ${queue?.running}/${queue?.waiting}/${queue?.capacity} ${queue?.health}`,
    ).toBe(load)
    expect(queue?.reason === null).toBe(queue?.health === 'ok')
    expect(JSON.stringify(report)).not.toContain('secret')
  })

  it('llama.cpp, while it loads', async () => {
    const { reports } = await look([llamacpp.llamacppLoading], { kind: 'llamacpp' })
    expect(reports[0]).toMatchObject({ reachable: true, queue: { health: 'unhealthy' } })
  })

  it.each([
    ['', 'unknown'],
    ['b6123-79c1160b-with-a-long-name-of-its-branch', 'b6123-79c1160b-with-a-long-name-'],
  ])('llama.cpp of build "%s", in the bounds of the protocol', async (build_info, version) => {
    const surface = llamacpp.llamacpp(elsewhere)
    const props = { ...surface['/props'], build_info }
    const { reports } = await look([{ ...surface, '/props': props }])
    expect(RuntimeReport.parse(reports[0]).version).toBe(version)
  })
})

type Model = readonly [
  what: string,
  surface: RecordedSurface,
  models: readonly (readonly [
    name: string,
    digest: string,
    format: string,
    quantization: string | null,
    sizeBytes: number | null,
    contextLength: number | null,
  ])[],
]

const sha = (digit: string) => `sha256:${digit.repeat(64)}`

const models: readonly Model[] = [
  [
    'vLLM',
    vllm.vllm,
    [['qwen-7b', 'name:Qwen/Qwen2.5-7B-Instruct', 'safetensors', null, null, 32_768]],
  ],
  [
    'SGLang',
    sglang.sglang,
    [['llama-8b', 'name:meta-llama/Llama-3.1-8B-Instruct', 'safetensors', 'fp8', null, 131_072]],
  ],
  [
    // The context as it is loaded, not as it was trained; nothing of its cloud.
    'Ollama 0.33',
    ollama.ollama,
    [
      ['all-minilm:latest', sha('9'), 'gguf', 'F16', 45_960_996, null],
      ['qwen3:0.6b', sha('7'), 'gguf', 'Q4_K_M', 522_653_767, 4096],
    ],
  ],
  [
    'Ollama 0.6',
    ollama.ollama0_6,
    [['llama3.2:latest', sha('a'), 'gguf', 'Q4_K_M', 2_019_393_189, null]],
  ],
  [
    'llama.cpp on another machine',
    llamacpp.llamacpp('/elsewhere/my model-q8_0.gguf'),
    [['qwen', 'name:my_model-q8_0.gguf', 'gguf', 'Q8_0', null, 8192]],
  ],
  [
    'llama.cpp as a router',
    llamacpp.llamacppRouter(elsewhere),
    [
      ['asleep', 'name:asleep-Q8_0.gguf', 'gguf', 'Q8_0', null, null],
      ['ggml-org/qwen:Q4_K_M', 'name:qwen-Q4_K_M.gguf', 'gguf', 'Q4_K_M', null, 8192],
      ['preset', 'name:preset', 'gguf', null, null, null],
    ],
  ],
  [
    'LM Studio 0.4',
    lmstudio.lmstudio,
    [
      ['qwen/qwen3-4b-2507', 'name:qwen/qwen3-4b-2507', 'gguf', 'Q4_K_M', 2_497_281_664, 16_384],
      [
        'text-embedding-nomic-embed-text-v1.5',
        'name:text-embedding-nomic-embed-text-v1.5',
        'gguf',
        'F16',
        274_290_560,
        2048,
      ],
    ],
  ],
  [
    'LM Studio 0.3',
    lmstudio.lmstudio0_3,
    [
      [
        'meta-llama-3.1-8b-instruct',
        'name:meta-llama-3.1-8b-instruct',
        'gguf',
        'Q4_K_M',
        null,
        8192,
      ],
      ['qwen2-vl-7b-instruct', 'name:qwen2-vl-7b-instruct', 'mlx', '4bit', null, 32_768],
    ],
  ],
  ['any other server', openai, [['some model', 'name:some_model', 'unknown', null, null, null]]],
]

describe('the models of', () => {
  it.each(models)('%s', async (_, surface, expected) => {
    const { models } = await look([surface])
    expect(
      models
        .map((model) => InventoryModel.parse(model))
        .map(({ local_name, artifact, context_length }) => [
          local_name,
          artifact.digest,
          artifact.format,
          artifact.quantization,
          artifact.size_bytes,
          context_length,
        ]),
    ).toEqual(expected)
  })

  it('llama.cpp, by the hash of the file', async () => {
    const { path, digest } = await modelFile('qwen2.5-0.5b-instruct-q4_k_m.gguf')
    const { models } = await look([llamacpp.llamacpp(path)])
    expect(models[0]?.artifact).toEqual({
      format: 'gguf',
      digest,
      quantization: 'Q4_K_M',
      size_bytes: 7,
    })
  })

  it('llama.cpp by name alone where the model is several files', async () => {
    const { path } = await modelFile('big-Q4_K_M-00001-of-00003.gguf')
    const { models } = await look([llamacpp.llamacpp(path)])
    expect(models[0]?.artifact).toMatchObject({ digest: 'name:big-Q4_K_M-00001-of-00003.gguf' })
  })

  it('llama.cpp loaded from its path, named in 128 characters', async () => {
    const path = `/${'deep/'.repeat(40)}m.gguf`
    const surface = { ...llamacpp.llamacpp(path), '/v1/models': { data: [{ id: path }] } }
    const { models } = await look([surface])
    expect(models[0]?.local_name).toBe('m.gguf')
  })

  it.each(['lmstudio', 'openai'] as const)(
    'an old LM Studio, configured as %s, by name alone',
    async (kind) => {
      const { reports, models } = await look([lmstudio.lmstudioOld], { kind })
      expect(reports[0]).toMatchObject({ kind, reachable: true })
      expect(models[0]?.local_name).toBe('qwen/qwen3-4b-2507')
    },
  )
})
