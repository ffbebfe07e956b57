// The HTTP surface over an engine, in the shape of llama.cpp's server: what a host agent reads
// (health, props, models, slots, metrics) and what it forwards (chat and text completions).

import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { makeCompletionRoute, refusals } from './completion-route.ts'
import { chatDialect, textDialect } from './completion-wire.ts'
import type { Engine } from './engine.ts'
import { fail, unavailable } from './engine-error.ts'
import { makeCounters, renderMetrics } from './metrics.ts'
import { makeSlots } from './slots.ts'

export type EngineAppOptions = {
  /** The model's id on the wire. */
  readonly alias: string
  /** Requests that run at the same time; the engine must have been opened with as many. */
  readonly slots: number
  /** Requests that may wait for a slot; more are refused with 503. */
  readonly deferredMax: number
  readonly tokenDelayMs: number
  /** Aborted to end every running and waiting request. */
  readonly shutdown: AbortSignal
}

const bodyBytesMax = 4 * 1024 * 1024
const slotWaitMsMax = 120_000

export const makeEngineApp = (engine: Engine, options: EngineAppOptions): Hono => {
  const { facts } = engine
  const { alias, deferredMax, tokenDelayMs, shutdown } = options
  const slots = makeSlots({ count: options.slots, deferredMax, waitMsMax: slotWaitMsMax })
  const counters = makeCounters()
  const startedSeconds = Math.floor(Date.now() / 1000)
  const complete = makeCompletionRoute({ engine, slots, counters, alias, tokenDelayMs, shutdown })
  const app = new Hono()

  app.use(
    bodyLimit({
      maxSize: bodyBytesMax,
      onError: (c) =>
        fail(c, 413, {
          type: 'invalid_request_error',
          code: 'request_too_large',
          message: `The body is larger than ${bodyBytesMax} bytes; shorten the request.`,
        }),
    }),
  )

  app.get('/health', (c) => c.json({ status: 'ok' }))
  app.get('/props', (c) =>
    c.json({
      default_generation_settings: { n_ctx: facts.contextTokens },
      total_slots: options.slots,
      model_alias: alias,
      model_path: facts.modelPath,
      chat_template: facts.chatTemplate,
      build_info: facts.buildInfo,
    }),
  )
  app.get('/v1/models', (c) => {
    const meta = {
      n_ctx_train: facts.contextTokens,
      n_params: facts.parameters,
      size: facts.modelBytes,
    }
    const ownedBy = facts.kind === 'llama.cpp' ? 'llamacpp' : 'scripted'
    const model = { id: alias, object: 'model', created: startedSeconds, owned_by: ownedBy, meta }
    return c.json({ object: 'list', data: [model] })
  })
  app.get('/slots', (c) => {
    if (c.req.query('fail_on_no_slot') !== undefined && slots.processing() === options.slots) {
      return unavailable(c, { code: 'no_slot_available', message: 'No slot is free.' })
    }
    return c.json(
      slots.states().map(({ id, isProcessing }) => ({
        id,
        n_ctx: facts.contextTokens,
        is_processing: isProcessing,
      })),
    )
  })
  app.get('/metrics', (c) => {
    const load = { processing: slots.processing(), deferred: slots.deferred() }
    c.header('content-type', 'text/plain; version=0.0.4')
    return c.body(renderMetrics(counters, load))
  })
  app.post('/v1/chat/completions', complete(chatDialect))
  app.post('/v1/completions', complete(textDialect))

  const paths = app.routes.filter(({ method }) => method !== 'ALL').map(({ path }) => path)
  for (const path of paths) {
    app.all(path, (c) => {
      const message = `${c.req.method} is not allowed on ${path}.`
      return fail(c, 405, { type: 'invalid_request_error', code: 'method_not_allowed', message })
    })
  }
  app.notFound((c) =>
    fail(c, 404, {
      type: 'not_found_error',
      code: 'not_found',
      message: `There is nothing at ${c.req.path}.`,
    }),
  )
  app.onError((error, c) => {
    if (shutdown.aborted) return unavailable(c, { code: 'aborted', message: refusals.aborted })
    if (!c.req.raw.signal.aborted) console.error(error)
    return fail(c, 500, {
      type: 'server_error',
      code: 'internal_error',
      message: 'Internal error.',
    })
  })
  return app
}
