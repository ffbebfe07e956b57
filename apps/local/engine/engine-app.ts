// The HTTP surface over an engine, in the shape of llama.cpp's server: what a host agent reads
// (health, props, models, slots, metrics) and what it forwards (chat and text completions).

import { randomUUID } from 'node:crypto'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { stream } from 'hono/streaming'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { collectCompletion, runCompletion } from './completion-run.ts'
import { chatDialect, type Dialect, framesOf, textDialect } from './completion-wire.ts'
import type { Engine } from './engine.ts'
import { makeCounters, renderMetrics } from './metrics.ts'
import { makeSlots } from './slots.ts'

export type EngineAppOptions = {
  readonly alias: string
  readonly slots: number
  /** Requests that may wait for a slot; more are refused with 503. */
  readonly deferredMax: number
  readonly tokenDelayMs: number
  /** Aborted to end every running and waiting request. */
  readonly shutdown: AbortSignal
}

const bodyBytesMax = 4 * 1024 * 1024
const slotWaitMsMax = 120_000
/** No token of a prompt is longer: beyond this, counting tokens would only cost time. */
const promptBytesPerTokenMax = 16

type ErrorType = 'invalid_request_error' | 'not_found_error' | 'unavailable_error' | 'server_error'

const fail = (
  c: Context,
  status: ContentfulStatusCode,
  error: { type: ErrorType; code: string; message: string; param?: string | null },
) => c.json({ error: { param: null, ...error } }, status)

const invalid = (c: Context, code: string, message: string, param: string | null) =>
  fail(c, 400, { type: 'invalid_request_error', code, message, param })

const refusals = {
  queue_full: 'Every slot is busy and the queue is full; try again later.',
  timed_out: 'No slot became free in time; try again later.',
  aborted: 'The server is shutting down.',
} as const

const failureFrame = (message: string): string =>
  `data: ${JSON.stringify({ error: { message, type: 'server_error', code: 'generation_failed' } })}\n\n`

export const makeEngineApp = (engine: Engine, options: EngineAppOptions): Hono => {
  const { facts } = engine
  const slots = makeSlots({
    count: options.slots,
    deferredMax: options.deferredMax,
    waitMsMax: slotWaitMsMax,
  })
  const counters = makeCounters()
  const startedSeconds = Math.floor(Date.now() / 1000)

  const complete = async (c: Context, dialect: Dialect) => {
    const body: unknown = await c.req.json().catch(() => undefined)
    if (body === undefined) return invalid(c, 'invalid_json', 'The body is not valid JSON.', null)
    const parsed = dialect.parse(body)
    if (!parsed.ok) return invalid(c, parsed.fault.code, parsed.fault.message, parsed.fault.param)
    const { job } = parsed

    const promptBytes = Buffer.byteLength(job.promptText, 'utf8')
    const fits = promptBytes <= facts.contextTokens * promptBytesPerTokenMax
    const prompt = fits ? engine.prompt(job.promptText) : undefined
    if (prompt === undefined || prompt.tokens >= facts.contextTokens) {
      return invalid(
        c,
        'context_length_exceeded',
        `The prompt leaves no room in the context of ${facts.contextTokens} tokens; shorten it.`,
        null,
      )
    }

    const signal = AbortSignal.any([c.req.raw.signal, options.shutdown])
    const acquired = await slots.acquire(signal)
    if (!acquired.ok) {
      c.header('retry-after', '1')
      const message = refusals[acquired.reason]
      return fail(c, 503, { type: 'unavailable_error', code: acquired.reason, message })
    }
    const { slot } = acquired
    const head = {
      id: `${dialect.idPrefix}${randomUUID()}`,
      created: Math.floor(Date.now() / 1000),
      model: options.alias,
    }
    const events = runCompletion({
      prompt,
      slot: slot.id,
      job,
      contextTokens: facts.contextTokens,
      tokenDelayMs: options.tokenDelayMs,
      counters,
      signal,
    })

    if (!job.stream) {
      try {
        return c.json(dialect.whole(head, await collectCompletion(events)))
      } finally {
        slot.release()
      }
    }
    c.header('content-type', 'text/event-stream; charset=utf-8')
    c.header('cache-control', 'no-cache, no-transform')
    return stream(c, async (out) => {
      try {
        for await (const frame of framesOf(dialect, head, job, events)) await out.write(frame)
      } catch (error) {
        if (!signal.aborted) console.error(error)
        await out.write(failureFrame('The reply broke off.'))
      } finally {
        slot.release()
      }
    })
  }

  const app = new Hono()

  app.use(
    bodyLimit({
      maxSize: bodyBytesMax,
      onError: (c) =>
        fail(c, 413, {
          type: 'invalid_request_error',
          code: 'request_too_large',
          message: `The body is larger than ${bodyBytesMax} bytes.`,
        }),
    }),
  )

  app.get('/health', (c) => c.json({ status: 'ok' }))
  app.get('/props', (c) =>
    c.json({
      default_generation_settings: { n_ctx: facts.contextTokens },
      total_slots: options.slots,
      model_alias: options.alias,
      model_path: facts.modelPath,
      chat_template: facts.chatTemplate,
      build_info: facts.buildInfo,
    }),
  )
  app.get('/v1/models', (c) =>
    c.json({
      object: 'list',
      data: [
        {
          id: options.alias,
          object: 'model',
          created: startedSeconds,
          owned_by: facts.kind === 'llama.cpp' ? 'llamacpp' : 'scripted',
          meta: {
            n_ctx_train: facts.contextTokens,
            n_params: facts.parameters,
            size: facts.modelBytes,
          },
        },
      ],
    }),
  )
  app.get('/slots', (c) => {
    const states = slots.states()
    const failing = c.req.query('fail_on_no_slot') !== undefined
    if (failing && states.every(({ isProcessing }) => isProcessing)) {
      const message = 'No slot is free.'
      return fail(c, 503, { type: 'unavailable_error', code: 'no_slot_available', message })
    }
    return c.json(
      states.map(({ id, isProcessing }) => ({
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
  app.post('/v1/chat/completions', (c) => complete(c, chatDialect))
  app.post('/v1/completions', (c) => complete(c, textDialect))

  const known = new Set(app.routes.filter(({ method }) => method !== 'ALL').map(({ path }) => path))
  for (const path of known) {
    app.all(path, (c) => {
      const message = `${c.req.method} is not allowed on ${path}.`
      return fail(c, 405, { type: 'invalid_request_error', code: 'method_not_allowed', message })
    })
  }
  app.notFound((c) =>
    fail(c, 404, { type: 'not_found_error', code: 'not_found', message: 'There is no such path.' }),
  )
  app.onError((error, c) => {
    if (options.shutdown.aborted) {
      return fail(c, 503, { type: 'unavailable_error', code: 'aborted', message: refusals.aborted })
    }
    if (!c.req.raw.signal.aborted) console.error(error)
    return fail(c, 500, {
      type: 'server_error',
      code: 'internal_error',
      message: 'Internal error.',
    })
  })
  return app
}
