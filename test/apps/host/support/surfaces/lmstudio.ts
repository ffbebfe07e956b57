/** LM Studio as its versions answer: what it does not know, it answers with 200 and an error. */

const unknown = { error: 'Unexpected endpoint or method. (GET). Returning 200 anyway' }

const names = {
  object: 'list',
  data: [{ id: 'qwen/qwen3-4b-2507', object: 'model', owned_by: 'organization_owner' }],
}

/** From 0.4 on. */
export const lmstudio = {
  '*': unknown,
  '/v1/models': names,
  '/api/v1/models': {
    models: [
      {
        type: 'llm',
        publisher: 'qwen',
        key: 'qwen/qwen3-4b-2507',
        display_name: 'Qwen3 4B Instruct 2507',
        architecture: 'qwen3',
        quantization: { name: 'Q4_K_M', bits_per_weight: 4 },
        size_bytes: 2_497_281_664,
        params_string: '4B',
        loaded_instances: [
          { id: 'qwen/qwen3-4b-2507', config: { context_length: 16_384, parallel: 4 } },
        ],
        max_context_length: 262_144,
        format: 'gguf',
        capabilities: { vision: false, trained_for_tool_use: true },
      },
      {
        type: 'embedding',
        publisher: 'nomic-ai',
        key: 'text-embedding-nomic-embed-text-v1.5',
        quantization: { name: 'F16', bits_per_weight: 16 },
        size_bytes: 274_290_560,
        loaded_instances: [],
        max_context_length: 2048,
        format: 'gguf',
      },
    ],
  },
}

/** From 0.3.6 on. */
export const lmstudio0_3 = {
  '*': unknown,
  '/v1/models': names,
  '/api/v0/models': {
    object: 'list',
    data: [
      {
        id: 'qwen2-vl-7b-instruct',
        object: 'model',
        type: 'vlm',
        publisher: 'mlx-community',
        arch: 'qwen2_vl',
        compatibility_type: 'mlx',
        quantization: '4bit',
        state: 'not-loaded',
        max_context_length: 32_768,
      },
      {
        id: 'meta-llama-3.1-8b-instruct',
        object: 'model',
        type: 'llm',
        arch: 'llama',
        compatibility_type: 'gguf',
        quantization: 'Q4_K_M',
        state: 'loaded',
        max_context_length: 131_072,
        loaded_context_length: 8192,
      },
    ],
  },
}

/** Before it had an API of its own. */
export const lmstudioOld = { '*': unknown, '/v1/models': names }
