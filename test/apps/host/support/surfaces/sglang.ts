/** SGLang as its versions answer, shortened to what carries meaning. */

const models = {
  object: 'list',
  data: [
    {
      id: 'llama-8b',
      object: 'model',
      owned_by: 'sglang',
      root: 'meta-llama/Llama-3.1-8B-Instruct',
      max_model_len: 131_072,
    },
  ],
}

const info = {
  model_path: 'meta-llama/Llama-3.1-8B-Instruct',
  api_key: 'the-owners-secret',
  context_length: null,
  quantization: 'fp8',
  max_running_requests: 4,
  internal_states: [{ last_gen_throughput: 104.5 }],
}

const metrics = [
  '# TYPE sglang:num_running_reqs gauge',
  'sglang:num_running_reqs{model_name="llama-8b",tp_rank="0"} 3.0',
  'sglang:num_queue_reqs{model_name="llama-8b",tp_rank="0"} 1.0',
  'sglang:token_usage{model_name="llama-8b",tp_rank="0"} 0.28',
  'sglang:num_used_tokens{model_name="llama-8b",tp_rank="0"} 123859.0',
  'sglang:gen_throughput{model_name="llama-8b",tp_rank="0"} 86.5',
  'sglang:prompt_tokens_total{model_name="llama-8b"} 8.128902e+06',
  '',
].join('\n')

/** Before its information moved. */
export const sglang0_4_4 = {
  '/health': '',
  '/get_server_info': { ...info, version: '0.4.4.post1', quantization: null },
  '/v1/models': models,
  '/metrics': metrics,
}

export const sglang = {
  '/health': '',
  '/server_info': { ...info, version: '0.5.12.post1' },
  '/v1/models': models,
  '/metrics': metrics,
}

/** Started without `--enable-metrics`, two ranks. */
export const sglangWithoutMetrics = {
  '/health': '',
  '/server_info': { ...info, version: '0.5.12.post1' },
  '/v1/models': models,
  '/get_load': [
    { dp_rank: 0, num_reqs: 3, num_waiting_reqs: 1, num_tokens: 900 },
    { dp_rank: 1, num_reqs: 2, num_waiting_reqs: 0, num_tokens: 100 },
  ],
}

export const sglangStarting = { ...sglang, '/health': 503 }
