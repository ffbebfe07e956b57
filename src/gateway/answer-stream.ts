/**
 * Completion events as the SSE stream that OpenAI clients read. It runs on its own pump, not on the
 * client's pulls, so that a client that stops reading cannot keep a request from being settled.
 */

import { absurd, InvariantError } from '../protocol/assert.ts'
import type { ChatChunk } from '../protocol/chat-chunk.ts'
import type { StartTimer } from '../protocol/clock.ts'
import { statusOf, toWireError } from '../protocol/errors.ts'
import { makeTimedWait } from '../protocol/timed-wait.ts'
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
  readonly startTimer: StartTimer
  /** Called when the client has gone, or cannot be answered; the request then ends and settles by itself. */
  readonly onClientGone: (why?: typeof formFailed) => void
}

export const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`
const ping = ': ping\n\n'
export const done = 'data: [DONE]\n\n'

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
      const isFull = () => !gone && (controller.desiredSize ?? 0) <= 0
      const send: Send = (text) => {
        if (!gone) controller.enqueue(Buffer.from(text, 'utf8'))
        return isFull() ? untilTaken() : undefined
      }
      // Backpressure: the host is read no faster than the client, until the client leaves.
      const untilTaken = async () => {
        while (isFull()) {
          const taken = new Promise<void>((resolve) => {
            wake = resolve
          })
          const state = await settledWithin(taken, stalledClientMs, options.startTimer)
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

/** What it returns is to be waited for: the client has not taken yet what was sent. */
type Send = (text: string) => Promise<void> | undefined

async function pump(
  events: AsyncIterator<CompletionEvent>,
  { framesOf, pingInMs, startTimer }: StreamOptions,
  send: Send,
): Promise<void> {
  const silence = makeTimedWait(startTimer)
  let pingMs = pingInMs
  try {
    for (;;) {
      const next = events.next()
      silence.begin(pingMs)
      let told = await silence.step(next)
      while (told === 'over') {
        await send(ping)
        pingMs = nextPingMs
        silence.begin(pingMs)
        told = await silence.step(next)
      }
      if (told.done) return
      // One write for all that an event becomes: each costs more than the frames in it.
      let frames = ''
      for (const frame of framesOf(told.value)) frames += frame
      if (frames !== '') await send(frames)
    }
  } finally {
    silence.end()
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
  startTimer: StartTimer,
): Promise<'settled' | 'pending'> {
  const wait = makeTimedWait(startTimer)
  wait.begin(timeoutMs)
  const settled = promise.catch(() => undefined)
  const end = await wait.step(settled.then(() => 'settled' as const))
  wait.end()
  return end === 'over' ? 'pending' : end
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
  const chunkFrame = makeChunkFrame(identity, includeUsage)
  return function* framesOf(event) {
    switch (event.kind) {
      case 'started':
        return
      case 'withdrawn':
        throw new InvariantError('what a stream has shown is not withdrawn')
      case 'document':
        throw new InvariantError('a chat is answered in chunks')
      case 'chunks':
        for (const { choices } of event.chunks) {
          for (const { index } of choices) begun.add(index)
          yield chunkFrame(choices)
        }
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

/** What is the same on every chunk of a stream is written as JSON once. */
function makeChunkFrame(
  identity: RelayIdentity,
  includeUsage: boolean,
): (choices: ChatChunk['choices']) => string {
  const { choices: _, ...named } = chunkOf(identity, [])
  const head = `data: ${JSON.stringify(named).slice(0, -1)},"choices":`
  const tail = includeUsage ? ',"usage":null}\n\n' : '}\n\n'
  return (choices) => `${head}${JSON.stringify(choices)}${tail}`
}
