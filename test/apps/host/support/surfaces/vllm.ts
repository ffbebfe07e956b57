/** vLLM as its versions answer, shortened to what carries meaning. */

const models = {
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
}

const page = (...lines: string[]) => `${lines.join('\n')}\n`

/** Before engines had labels, and while the cache was still named after the GPU. */
export const vllm0_8 = {
  '/health': '',
  '/version': { version: '0.8.5.post1' },
  '/v1/models': models,
  '/metrics': page(
    '# HELP vllm:num_requests_running Number of requests currently running on GPU.',
    '# TYPE vllm:num_requests_running gauge',
    'vllm:num_requests_running{model_name="qwen-7b"} 2.0',
    'vllm:num_requests_waiting{model_name="qwen-7b"} 0.0',
    'vllm:gpu_cache_usage_perc{model_name="qwen-7b"} 0.97',
    'vllm:generation_tokens_total{model_name="qwen-7b"} 12345.0',
    'vllm:prompt_tokens_total{model_name="qwen-7b"} 6789.0',
  ),
}

/** Both names are exposed; the old one stands still. */
export const vllm0_9_2 = {
  '/health': '',
  '/version': { version: '0.9.2' },
  '/v1/models': models,
  '/metrics': page(
    'vllm:num_requests_running{engine="0",model_name="qwen-7b"} 2.0',
    'vllm:num_requests_waiting{engine="0",model_name="qwen-7b"} 1.0',
    'vllm:gpu_cache_usage_perc{engine="0",model_name="qwen-7b"} 0.99',
    'vllm:kv_cache_usage_perc{engine="0",model_name="qwen-7b"} 0.41',
    'vllm:generation_tokens_total{engine="0",model_name="qwen-7b"} 12345.0',
  ),
}

export const vllm0_11 = {
  '/health': '',
  '/version': { version: '0.11.0' },
  '/v1/models': models,
  '/metrics': page(
    'vllm:num_requests_running{engine="0",model_name="qwen-7b"} 8.0',
    'vllm:num_requests_waiting{engine="0",model_name="qwen-7b"} 9.0',
    'vllm:kv_cache_usage_perc{engine="0",model_name="qwen-7b"} 0.62',
    'vllm:generation_tokens_total{engine="0",model_name="qwen-7b"} 12345.0',
    'vllm:iteration_tokens_total_count{engine="0",model_name="qwen-7b"} 400.0',
  ),
}

/** Two engines, whose gauges are told apart by a label; one of them turned requests away. */
export const vllm = {
  '/health': '',
  '/version': { version: '0.32.0' },
  '/v1/models': models,
  '/metrics': page(
    '# HELP vllm:num_requests_running Number of requests in model execution batches.',
    '# TYPE vllm:num_requests_running gauge',
    'vllm:num_requests_running{engine="0",model_name="qwen-7b"} 3.0',
    'vllm:num_requests_running{engine="1",model_name="qwen-7b"} 1.0',
    'vllm:num_requests_waiting{engine="0",model_name="qwen-7b"} 0.0',
    'vllm:num_requests_waiting{engine="1",model_name="qwen-7b"} 2.0',
    'vllm:num_requests_waiting_by_reason{engine="1",model_name="qwen-7b",reason="capacity"} 0.0',
    'vllm:num_requests_waiting_by_reason{engine="1",model_name="qwen-7b",reason="deferred"} 2.0',
    'vllm:kv_cache_usage_perc{engine="0",model_name="qwen-7b"} 0.2',
    'vllm:kv_cache_usage_perc{engine="1",model_name="qwen-7b"} 0.5',
    'vllm:generation_tokens_total{engine="0",model_name="qwen-7b"} 5.1e+06',
    'vllm:engine_sleep_state{engine="0",model_name="qwen-7b",sleep_state="awake"} 1.0',
    'vllm:engine_sleep_state{engine="0",model_name="qwen-7b",sleep_state="weights_offloaded"} 0.0',
  ),
}

const { '/metrics': _, ...withoutMetrics } = vllm

/** With its statistics switched off. */
export const vllmSilent = { ...withoutMetrics, '/metrics': page('python_info{version="3.12"} 1.0') }

export const vllmFull = {
  ...vllm,
  '/metrics': vllm['/metrics'].replace('reason="capacity"} 0.0', 'reason="capacity"} 2.0'),
}

/** Weights in main memory; told by a metric, and in development mode by an endpoint. */
export const vllmAsleep = {
  ...vllm,
  '/metrics': vllm['/metrics']
    .replace('sleep_state="awake"} 1.0', 'sleep_state="awake"} 0.0')
    .replace('sleep_state="weights_offloaded"} 0.0', 'sleep_state="weights_offloaded"} 1.0'),
}
export const vllmAsleepInDevelopment = { ...vllm0_11, '/is_sleeping': { is_sleeping: true } }
export const vllmPaused = {
  ...vllm,
  '/is_sleeping': { is_sleeping: false },
  '/is_paused': { is_paused: true },
}
export const vllmDead = { ...vllm, '/health': 503 }
