/** llama.cpp's server as it answers in its modes, shortened to what carries meaning. */

const slot = (id: number, decoded: number) => ({
  id,
  id_task: decoded === 0 ? 0 : 135,
  n_ctx: 8192,
  is_processing: decoded > 0,
  next_token: { has_next_token: true, n_remain: -1, n_decoded: decoded },
})

/** Started with an alias and `--metrics`, one of two slots working. */
export const llamacpp = (modelPath: string) => ({
  '/health': { status: 'ok' },
  '/props': {
    default_generation_settings: { id: 0, n_ctx: 8192, params: { seed: 4294967295 } },
    total_slots: 2,
    model_path: modelPath,
    chat_template: '{{ messages }}',
    build_info: 'b6123-79c1160b',
    is_sleeping: false,
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
  '/slots': [slot(0, 136), slot(1, 0)],
  '/metrics': [
    '# HELP llamacpp:requests_processing Number of requests processing.',
    '# TYPE llamacpp:requests_processing gauge',
    'llamacpp:requests_processing 1',
    '# TYPE llamacpp:requests_deferred gauge',
    'llamacpp:requests_deferred 3',
    'llamacpp:n_decode_total 4711',
    '',
  ].join('\n'),
})

/** As it answers without `--metrics`, with `--no-slots`, and with both. */
export const llamacppWithoutMetrics = (path: string) => ({ ...llamacpp(path), '/metrics': 501 })
export const llamacppWithoutSlots = (path: string) => ({ ...llamacpp(path), '/slots': 501 })
export const llamacppSilent = (path: string) => ({
  ...llamacpp(path),
  '/slots': 501,
  '/metrics': 501,
})

/** Builds that still told how full their cache is. */
export const llamacppWithCacheGauge = (path: string) => ({
  ...llamacpp(path),
  '/metrics': `${llamacpp(path)['/metrics']}llamacpp:kv_cache_usage_ratio 0.96\n`.replace(
    'requests_deferred 3',
    'requests_deferred 0',
  ),
})

/** On idle; the next request wakes it. */
export const llamacppAsleep = (path: string) => ({
  ...llamacpp(path),
  '/slots': [slot(0, 0), slot(1, 0)],
  '/metrics': 'llamacpp:requests_processing 0\nllamacpp:requests_deferred 0\n',
  '/props': { ...llamacpp(path)['/props'], is_sleeping: true },
})

/** Every path answers this while the model is read. */
export const llamacppLoading = { '/health': 503, '/props': 503, '/v1/models': 503, '*': 503 }

const query = (id: string) => `?model=${encodeURIComponent(id)}&autoload=false`

/** Started without a model: one is loaded, one sleeps, one was never asked for. */
export const llamacppRouter = (path: string) => {
  const loaded = 'ggml-org/qwen:Q4_K_M'
  const { '/props': props, '/slots': slots, '/metrics': metrics } = llamacpp(path)
  return {
    '/health': { status: 'ok' },
    '/props': {
      role: 'router',
      model_path: 'none',
      default_generation_settings: { params: {}, n_ctx: 0 },
    },
    '/v1/models': { object: 'list', data: [{ id: loaded, object: 'model', owned_by: 'llamacpp' }] },
    '/models': {
      data: [
        { id: loaded, path, status: { value: 'loaded', args: ['llama-server'] } },
        { id: 'asleep', path: '/elsewhere/asleep-Q8_0.gguf', status: { value: 'sleeping' } },
        { id: 'preset', status: { value: 'unloaded' } },
      ],
    },
    [`/props${query(loaded)}`]: props,
    [`/slots${query(loaded)}`]: slots,
    [`/metrics${query(loaded)}`]: metrics,
  }
}
