/** Replies as the real runtimes give them, shortened to what carries meaning. */

/** llama.cpp server, started with an alias and `--metrics`, one of two slots working. */
export const llamacpp = (modelPath: string) => ({
  '/health': { status: 'ok' },
  '/props': {
    default_generation_settings: { id: 0, n_ctx: 8192, params: { seed: 4294967295 } },
    total_slots: 2,
    model_path: modelPath,
    chat_template: '{{ messages }}',
    build_info: 'b6123-79c1160b',
  },
  '/v1/models': {
    object: 'list',
    data: [
      {
        id: 'qwen',
        object: 'model',
        owned_by: 'llamacpp',
        meta: { vocab_type: 2, n_ctx_train: 32_768, n_params: 630_167_424, size: 396_000_000 },
      },
    ],
  },
  '/slots': [
    { id: 0, n_ctx: 8192, is_processing: true },
    { id: 1, n_ctx: 8192, is_processing: false },
  ],
  '/metrics': [
    '# HELP llamacpp:requests_processing Number of requests processing.',
    '# TYPE llamacpp:requests_processing gauge',
    'llamacpp:requests_processing 1',
    '# TYPE llamacpp:requests_deferred gauge',
    'llamacpp:requests_deferred 3',
    '',
  ].join('\n'),
})

const hex = (digit: string) => digit.repeat(64)

/** Ollama with one loaded model, one more on disk and one of its cloud. */
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
    ],
  },
  '/v1/models': { object: 'list', data: [{ id: 'qwen3:0.6b', object: 'model' }] },
}

/** vLLM with two engines, whose gauges are told apart by a label. */
export const vllm = {
  '/health': '',
  '/version': { version: '0.32.0' },
  '/v1/models': {
    object: 'list',
    data: [
      {
        id: 'qwen-7b',
        object: 'model',
        owned_by: 'vllm',
        root: 'Qwen/Qwen2.5-7B-Instruct',
        parent: null,
        max_model_len: 32_768,
      },
    ],
  },
  '/metrics': [
    '# HELP vllm:num_requests_running Number of requests in model execution batches.',
    '# TYPE vllm:num_requests_running gauge',
    'vllm:num_requests_running{engine="0",model_name="qwen-7b"} 3.0',
    'vllm:num_requests_running{engine="1",model_name="qwen-7b"} 1.0',
    'vllm:num_requests_waiting{engine="0",model_name="qwen-7b"} 0.0',
    'vllm:num_requests_waiting{engine="1",model_name="qwen-7b"} 2.0',
    'vllm:num_requests_waiting_by_reason{engine="0",reason="capacity"} 9.0',
    '',
  ].join('\n'),
}

/** A server of which no more is known than that it speaks the protocol. */
export const openai = {
  '/v1/models': { object: 'list', data: [{ id: 'some model', object: 'model' }] },
}
