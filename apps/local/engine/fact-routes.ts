// What a host agent reads of the engine, in the shape of llama.cpp's server: one model tells of
// itself, and of several each one when it is named, as llama.cpp's router has it.

import type { Context, Hono } from 'hono'
import type { ModelFacts } from './engine.ts'
import { fail, unavailable } from './engine-error.ts'
import { type Counters, renderMetrics } from './metrics.ts'
import type { Slots } from './slots.ts'

/** A model that is open, under its name on the wire. */
export type Served = {
  readonly alias: string
  readonly facts: ModelFacts & { readonly chatTemplate?: string }
  readonly slots: Slots
  readonly counters: Counters
}

export const routeFacts = (
  app: Hono,
  {
    models,
    startedSeconds,
  }: { readonly models: readonly [Served, ...Served[]]; readonly startedSeconds: number },
): void => {
  const [first] = models
  /** The named one; the first where none is named. */
  const ofModel =
    (answer: (c: Context, served: Served) => Response) =>
    (c: Context): Response => {
      const name = c.req.query('model')
      const named = name === undefined ? first : models.find(({ alias }) => alias === name)
      if (named !== undefined) return answer(c, named)
      const message = `There is no model ${name}.`
      return fail(c, 404, { type: 'not_found_error', code: 'model_not_found', message })
    }

  app.get('/health', (c) => c.json({ status: 'ok' }))
  app.get(
    '/props',
    ofModel((c, served) =>
      models.length > 1 && c.req.query('model') === undefined
        ? c.json({ role: 'router', model_path: 'none', build_info: first.facts.buildInfo })
        : c.json(propsOf(served)),
    ),
  )
  const list = (c: Context): Response =>
    c.json({ object: 'list', data: models.map((served) => listed(served, startedSeconds)) })
  app.get('/models', list)
  app.get('/v1/models', list)
  app.get(
    '/slots',
    ofModel((c, { facts, slots }) => {
      const states = slots.states()
      if (c.req.query('fail_on_no_slot') !== undefined && slots.processing() === states.length) {
        return unavailable(c, { code: 'no_slot_available', message: 'No slot is free.' })
      }
      return c.json(
        states.map(({ id, isProcessing }) => ({
          id,
          n_ctx: facts.contextTokens,
          is_processing: isProcessing,
        })),
      )
    }),
  )
  app.get(
    '/metrics',
    ofModel((c, { slots, counters }) => {
      const load = { processing: slots.processing(), deferred: slots.deferred() }
      c.header('content-type', 'text/plain; version=0.0.4')
      return c.body(renderMetrics(counters, load))
    }),
  )
}

const propsOf = ({ alias, facts, slots }: Served) => ({
  default_generation_settings: { n_ctx: facts.contextTokens },
  total_slots: slots.states().length,
  model_alias: alias,
  model_path: facts.modelPath,
  ...(facts.chatTemplate === undefined ? {} : { chat_template: facts.chatTemplate }),
  build_info: facts.buildInfo,
})

const listed = ({ alias, facts }: Served, created: number) => ({
  id: alias,
  object: 'model',
  created,
  owned_by: facts.kind === 'llama.cpp' ? 'llamacpp' : 'scripted',
  path: facts.modelPath,
  status: { value: 'loaded' },
  meta: {
    n_ctx_train: facts.contextTokens,
    n_params: facts.parameters,
    size: facts.modelBytes,
  },
})
