// The HTTP surface over an engine, in the shape of llama.cpp's server: what a host agent reads
// (health, props, models, slots, metrics) and what it forwards (chat and text completions, and
// embeddings where a model for them is open). With two models it shows itself as llama.cpp's router
// does: whoever asks about one names it.

import { Hono, type MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import * as z from 'zod'
import { makeCompletionRoute, refusals } from './completion-route.ts'
import { chatDialect, textDialect } from './completion-wire.ts'
import { makeEmbeddingRoute } from './embedding-route.ts'
import type { Embedder, Engine, ModelFacts } from './engine.ts'
import { fail, invalid, unavailable } from './engine-error.ts'
import { routeFacts, type Served } from './fact-routes.ts'
import { makeCounters } from './metrics.ts'
import { makeSlots } from './slots.ts'

export type EngineAppOptions = {
  /** The model's id on the wire. */
  readonly alias: string
  /** Requests that run at the same time; the engine must have been opened with as many. */
  readonly slots: number
  /** Requests that may wait for a slot; more are refused with 503. */
  readonly deferredMax: number
  readonly tokenDelayMs: number
  /** A second model, which answers at /v1/embeddings under a name of its own. */
  readonly embedding?:
    | { readonly embedder: Embedder; readonly alias: string; readonly slots: number }
    | undefined
  /** Aborted to end every running and waiting request. */
  readonly shutdown: AbortSignal
}

const bodyBytesMax = 4 * 1024 * 1024
const slotWaitMsMax = 120_000

export const makeEngineApp = (engine: Engine, options: EngineAppOptions): Hono => {
  const { alias, deferredMax, tokenDelayMs, shutdown, embedding } = options
  const serve = (name: string, facts: ModelFacts, count: number): Served => ({
    alias: name,
    facts,
    slots: makeSlots({ count, deferredMax, waitMsMax: slotWaitMsMax }),
    counters: makeCounters(),
  })
  const chat = serve(alias, engine.facts, options.slots)
  const embeds = embedding && serve(embedding.alias, embedding.embedder.facts, embedding.slots)
  const startedSeconds = Math.floor(Date.now() / 1000)
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

  routeFacts(app, { models: embeds ? [chat, embeds] : [chat], startedSeconds })
  const { slots, counters } = chat
  const complete = makeCompletionRoute({ engine, slots, counters, alias, tokenDelayMs, shutdown })
  app.post('/v1/chat/completions', notFor(embeds), complete(chatDialect))
  app.post('/v1/completions', notFor(embeds), complete(textDialect))
  if (embedding && embeds) {
    const { embedder } = embedding
    app.post('/v1/embeddings', notFor(chat), makeEmbeddingRoute({ ...embeds, embedder, shutdown }))
  }

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

/** Another model's requests; any other name is taken for the one model that answers here. */
const notFor =
  (other: Served | undefined): MiddlewareHandler =>
  async (c, next) => {
    const named = Named.safeParse(await c.req.json().catch(() => undefined)).data?.model
    if (other === undefined || named !== other.alias) return next()
    const message = `The model ${named} does not answer at ${c.req.path}.`
    return invalid(c, { code: 'invalid_value', message, param: 'model' })
  }

const Named = z.object({ model: z.string() })
