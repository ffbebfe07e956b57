/**
 * Completion events as the SSE stream that OpenAI clients read. It runs on its own pump, not on the
 * client's pulls, so that a client that stops reading cannot keep a request from being settled.
 */

import { absurd, InvariantError } from '../protocol/assert.ts'
import type { Sleep } from '../protocol/clock.ts'
import { statusOf, toWireError } from '../protocol/errors.ts'
import type { FramesOf } from './answer-form.ts'
import type { CompletionEvent } from './completion-event.ts'
import { chunkOf, type RelayIdentity, roleDelta } from './relay.ts'
import { formFailed } from './stop.ts'

export const firstPingMs = 5_000
const nextPingMs = 10_000
/** A client that takes nothing for so long has gone; less than what is kept free to settle in. */
const stalledClientMs = 10_000

export type StreamOptions = {
  readonly framesOf: FramesOf
  /** Silence before the first ping: 0 when the headers had to go out without content. */
  readonly pingInMs: number
  readonly sleep: Sleep
  /** Called when the client has gone, or cannot be answered; the request then ends and settles by itself. */
  readonly onClientGone: (why?: typeof formFailed) => void
}

const encoder = new TextEncoder()
export const data = (value: unknown): Uint8Array =>
  encoder.encode(`data: ${JSON.stringify(value)}\n\n`)
const ping = encoder.encode(': ping\n\n')
export const done = encoder.encode('data: [DONE]\n\n')

/** The body of a streamed reply. `events` is read to its end whatever the client does. */
export function toSseBody(
  events: AsyncIterator<CompletionEvent>,
  options: StreamOptions,
): ReadableStream<Uint8Array> {
  let wake: () => void = () => undefined
  let gone = false
  const leave = (why?: typeof formFailed) => {
    if (gone) return
    gone = true
    options.onClientGone(why)
    wake()
  }
  return new ReadableStream<Uint8Array>({
    start: (controller) => {
      const send = async (bytes: Uint8Array) => {
        if (gone) return
        controller.enqueue(bytes)
        // Backpressure: the host is read no faster than the client, until the client leaves.
        while (!gone && (controller.desiredSize ?? 0) <= 0) {
          const taken = new Promise<void>((resolve) => {
            wake = resolve
          })
          const state = await settledWithin(taken, stalledClientMs, options.sleep)
          if (state === 'pending') leave()
        }
      }
      const close = () => {
        if (gone) controller.error(new Error('the client stopped reading'))
        else controller.close()
      }
      // A fault of ours: the reply breaks off, and the request is settled as for a client that left.
      const fail = async (fault: unknown) => {
        controller.error(fault)
        leave(formFailed)
        await readToEnd(events)
      }
      void pump(events, options, send).then(close, fail)
    },
    pull: () => wake(),
    cancel: () => leave(),
  })
}

async function pump(
  events: AsyncIterator<CompletionEvent>,
  options: StreamOptions,
  send: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const { framesOf } = options
  let pingMs = options.pingInMs
  for (;;) {
    const next = events.next()
    while ((await settledWithin(next, pingMs, options.sleep)) === 'pending') {
      await send(ping)
      pingMs = nextPingMs
    }
    const { value: event, done: ended } = await next
    if (ended || event === undefined) return
    for (const frame of framesOf(event)) await send(frame)
  }
}

/** What they say has nobody to hear it; that they end settles the request. */
export async function readToEnd(events: AsyncIterator<CompletionEvent>): Promise<void> {
  try {
    while (!(await events.next()).done);
  } catch {
    return
  }
}

export async function settledWithin(
  promise: Promise<unknown>,
  timeoutMs: number,
  sleep: Sleep,
): Promise<'settled' | 'pending'> {
  const timer = new AbortController()
  const settled = promise.then(
    () => 'settled' as const,
    () => 'settled' as const,
  )
  try {
    return await Promise.race([
      settled,
      sleep(timeoutMs, timer.signal).then(() => 'pending' as const),
    ])
  } finally {
    timer.abort()
  }
}

/**
 * Of one stream: a choice gets its role once, at its end where it had no content. One that failed
 * after the reply began ends in its error and without `[DONE]`.
 */
export function makeFrames({
  identity,
  includeUsage,
}: {
  readonly identity: RelayIdentity
  readonly includeUsage: boolean
}): FramesOf {
  const usage = includeUsage ? { usage: null } : {}
  const begun = new Set<number>()
  return function* framesOf(event) {
    switch (event.kind) {
      case 'started':
        return
      case 'withdrawn':
        throw new InvariantError('what a stream has shown is not withdrawn')
      case 'document':
        throw new InvariantError('a chat is answered in chunks')
      case 'chunk':
        for (const { index } of event.chunk.choices) begun.add(index)
        yield data({ ...event.chunk, ...usage })
        return
      case 'failed': {
        const choice = { index: 0, delta: { content: '' }, finish_reason: 'error' }
        // The reply's own status went out before this was known.
        const status = statusOf(event.error)
        const error = { ...toWireError(event.error, identity.requestId), status }
        const b3iq = event.settled ? { b3iq: event.settled.summary } : {}
        yield data(chunkOf(identity, [choice], { ...usage, error, ...b3iq }))
        return
      }
      case 'finished': {
        const { summary } = event.settled
        const choices = Array.from({ length: identity.choices }, (_, index) => ({
          index,
          delta: begun.has(index) ? {} : roleDelta,
          finish_reason: event.finishReasons.get(index) ?? event.finishReasons.get(0) ?? 'stop',
        }))
        const b3iq = { b3iq: summary }
        yield data(chunkOf(identity, choices, includeUsage ? usage : b3iq))
        if (includeUsage) yield data(chunkOf(identity, [], { usage: summary.usage, ...b3iq }))
        yield done
        return
      }
      default:
        absurd(event)
    }
  }
}
