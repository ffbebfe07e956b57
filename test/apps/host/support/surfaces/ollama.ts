/** Ollama as its versions answer, shortened to what carries meaning. */

const hex = (digit: string) => digit.repeat(64)

/** One loaded model, one more on disk and one of its cloud, which it calls loaded too. */
export const ollama = {
  '/api/version': { version: '0.33.0' },
  '/api/tags': {
    models: [
      {
        name: 'qwen3:0.6b',
        model: 'qwen3:0.6b',
        modified_at: '2026-08-01T10:00:00Z',
        size: 522_653_767,
        digest: hex('7'),
        details: {
          format: 'gguf',
          family: 'qwen3',
          parameter_size: '751.63M',
          quantization_level: 'Q4_K_M',
          context_length: 40_960,
        },
        capabilities: ['completion', 'tools'],
      },
      {
        name: 'gpt-oss:120b-cloud',
        model: 'gpt-oss:120b-cloud',
        remote_model: 'gpt-oss:120b',
        remote_host: 'https://ollama.com:443',
        size: 384,
        digest: hex('8'),
        details: { format: '', family: '', quantization_level: '' },
      },
      {
        name: 'all-minilm:latest',
        size: 45_960_996,
        digest: `sha256:${hex('9')}`,
        details: { format: 'gguf', quantization_level: 'F16' },
      },
    ],
  },
  '/api/ps': {
    models: [
      {
        name: 'qwen3:0.6b',
        digest: hex('7'),
        size_vram: 1_200_000_000,
        context_length: 4096,
        expires_at: '2026-08-01T10:05:00Z',
      },
      { name: 'gpt-oss:120b-cloud', digest: hex('8'), size_vram: 0, context_length: 0 },
    ],
  },
  '/v1/models': {
    object: 'list',
    data: [{ id: 'qwen3:0.6b', object: 'model', owned_by: 'library' }],
  },
}

/** Before contexts were told, and with nothing in memory. */
export const ollama0_6 = {
  '/api/version': { version: '0.6.8' },
  '/api/tags': {
    models: [
      {
        name: 'llama3.2:latest',
        size: 2_019_393_189,
        digest: hex('a'),
        details: { parent_model: '', format: 'gguf', quantization_level: 'Q4_K_M' },
      },
    ],
  },
  '/api/ps': { models: [] },
}
