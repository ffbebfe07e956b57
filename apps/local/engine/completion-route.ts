// Answers one completion request: read it, wait for a slot, run it, and give the slot back
// whichever way it ends.

import { randomUUID } from 'node:crypto'
import type { Context } from 'hono'
import { stream } from 'hono/streaming'
import { collectCompletion, runCompletion } from './completion-run.ts'
import { type Dialect, framesOf } from './completion-wire.ts'
import type { Engine, Prompt } from './engine.ts'
import { invalid, unavailable } from './engine-error.ts'
import type { Counters } from './metrics.ts'
import type { Slots } from './slots.ts'
import { readCall } from './tool-calls.ts'

export type CompletionDeps = {
  readonly engine: Engine
  readonly slots: Slots
  readonly counters: Counters
  readonly alias: string
  readonly tokenDelayMs: number
  readonly shutdown: AbortSignal
}

/** No token of a prompt is longer: beyond this, counting tokens would only cost time. */
const promptBytesPerTokenMax = 16

export const refusals = {
  queue_full: 'Every slot is busy and the queue is full; try again later.',
  timed_out: 'No slot became free in time; try again later.',
  aborted: 'The server is shutting down.',
} as const

const brokenOff = `data: ${JSON.stringify({
  error: { type: 'server_error', code: 'generation_failed', message: 'The reply broke off.' },
})}\n\n`

/** Undefined when the prompt leaves no room for a reply. */
const fittingPrompt = ({ facts, prompt }: Engine, text: string): Prompt | undefined => {
  const bytesMax = facts.contextTokens * promptBytesPerTokenMax
  if (Buffer.byteLength(text, 'utf8') > bytesMax) return undefined
  const tokenised = prompt(text)
  return tokenised.tokens < facts.contextTokens ? tokenised : undefined
}

export const makeCompletionRoute =
  ({ engine, slots, counters, alias, tokenDelayMs, shutdown }: CompletionDeps) =>
  (dialect: Dialect) =>
  async (c: Context): Promise<Response> => {
    const body: unknown = await c.req.json().catch(() => undefined)
    if (body === undefined) {
      return invalid(c, { code: 'invalid_json', message: 'The body is not valid JSON.' })
    }
    const parsed = dialect.parse(body)
    if (!parsed.ok) return invalid(c, parsed.fault)
    const { job } = parsed

    const { contextTokens } = engine.facts
    const prompt = fittingPrompt(engine, job.promptText)
    if (prompt === undefined) {
      return invalid(c, {
        code: 'context_length_exceeded',
        message: `The prompt leaves no room in the context of ${contextTokens} tokens; shorten it.`,
      })
    }

    const signal = AbortSignal.any([c.req.raw.signal, shutdown])
    const acquired = await slots.acquire(signal)
    if (!acquired.ok) {
      return unavailable(c, { code: acquired.reason, message: refusals[acquired.reason] })
    }
    const { slot } = acquired
    const head = {
      id: `${dialect.idPrefix}${randomUUID()}`,
      created: Math.floor(Date.now() / 1000),
      model: alias,
    }
    const run = runCompletion({
      prompt,
      slot: slot.id,
      job,
      contextTokens,
      tokenDelayMs,
      counters,
      signal,
    })
    // An engine that runs no model writes text even where a call was asked for.
    const calls = job.callsTool && engine.facts.kind === 'llama.cpp'
    const events = calls ? readCall(run, () => `call_${randomUUID()}`) : run

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
        await out.write(brokenOff)
      } finally {
        slot.release()
      }
    })
  }
