/**
 * The frames of a runtime's event stream, as the agent reads them from its runtime and the gateway
 * from the agent: out of text in any pieces, one malformed frame never costing the others. What a
 * frame says is never trusted further than its schema.
 */
import { createParser } from 'eventsource-parser'
import type * as z from 'zod'
import { HostChunk } from './chat-chunk.ts'
import { ClaimEvent } from './claim.ts'
import { parseJson } from './json-text.ts'
import { limits } from './limits.ts'
import { plainChunk } from './plain-chunk.ts'

export type HostFrame =
  /** `data` is the frame as it was written. */
  | { readonly kind: 'chunk'; readonly chunk: HostChunk; readonly data: string }
  | { readonly kind: 'claim'; readonly claim: z.infer<typeof ClaimEvent>['b3iq'] }
  | { readonly kind: 'error' }
  | { readonly kind: 'done' }

const failed = { kind: 'error' } as const

/** Malformed frames are skipped and counted: with one more than this the stream is in error. */
export const malformedFramesMax = 8

/** Frames that no blank line parts: as many of a hundred bytes as fit into one event. */
export const framesPerEventMax = 10_000

/**
 * `feed` takes text in any pieces, `end` what stands before an end without its blank line. After
 * `done` or `error` only claims are handed on, so that nothing is said after the last word.
 */
export function makeFrameReader(on: {
  readonly frame: (frame: HostFrame) => void
  readonly comment?: () => void
}) {
  let malformed = 0
  let lastWord: 'done' | 'error' | undefined
  let isBroken = false

  function handOn(frame: HostFrame): void {
    if (lastWord !== undefined && frame.kind !== 'claim') return
    if (frame.kind === 'done' || frame.kind === 'error') lastWord = frame.kind
    on.frame(frame)
  }

  function take(data: string): void {
    const read = framesIn(data)
    read.frames.forEach(handOn)
    malformed += read.malformed
    if (malformed > malformedFramesMax) handOn(failed)
  }

  const parser = createParser({
    maxBufferSize: limits.hostEventBytes,
    onEvent: ({ event, data }) => {
      if (event === 'error') handOn(failed)
      else take(data)
    },
    onComment: () => {
      if (lastWord === undefined) on.comment?.()
    },
    // Of its other complaints none is about data: fields that nobody knows are to be ignored.
    onError: ({ type }) => {
      if (type !== 'max-buffer-size-exceeded') return
      isBroken = true
      handOn(failed)
    },
  })

  const feed = (text: string): void => {
    if (!isBroken) parser.feed(text)
  }
  return {
    feed,
    end: () => feed('\n\n'),
    lastWord: () => lastWord,
    /** Nothing that comes can be read any more; the error has been handed on. */
    isBroken: () => isBroken,
  }
}

/** The frames of a reply that is one JSON document, because the runtime does not stream. */
export function documentFrames(text: string): HostFrame[] {
  const json = parseJson(text)
  const reply = replyFrame(json, text)
  const claim = claimFrame(json)
  const signed = claim ? [claim] : []
  return reply?.kind === 'chunk' ? [reply, ...signed, { kind: 'done' }] : [...signed, failed]
}

/** Undefined for a frame that is neither JSON of a known shape nor the end mark. */
export function readFrame(data: string): HostFrame | undefined {
  if (data.trim() === '[DONE]') return { kind: 'done' }
  const json = parseJson(data)
  if (isObject(json) && 'b3iq' in json) return claimFrame(json)
  return replyFrame(json, data)
}

type EventFrames = { readonly frames: readonly HostFrame[]; readonly malformed: number }

/** One, or one per line where a runtime forgets the blank line between its events. */
function framesIn(data: string): EventFrames {
  if (data.length > limits.hostEventBytes) return { frames: [failed], malformed: 0 }
  if (data.trim() === '') return { frames: [], malformed: 0 }
  const whole = readFrame(data)
  if (whole !== undefined) return { frames: [whole], malformed: 0 }
  return data.includes('\n') ? framesInLines(data) : { frames: [], malformed: 1 }
}

/**
 * A line that cannot be read costs more than one that can, so none is looked at once there were too
 * many of them. Where no line is a frame they are one frame that is broken: few of them, or as many
 * as there are of a document, which its brace tells.
 */
function framesInLines(data: string): EventFrames {
  const frames: HostFrame[] = []
  let malformed = 0
  for (const line of data.split('\n')) {
    if (line.trim() === '') continue
    const frame = readFrame(line)
    if (frame === undefined) malformed += 1
    else frames.push(frame)
    if (malformed > malformedFramesMax) break
    if (frames.length > framesPerEventMax) return { frames: [...frames, failed], malformed }
  }
  const isOneDocument = malformed <= malformedFramesMax || data.trimStart().startsWith('{')
  return frames.length === 0 && isOneDocument ? { frames, malformed: 1 } : { frames, malformed }
}

function claimFrame(json: unknown): HostFrame | undefined {
  const event = ClaimEvent.safeParse(json)
  return event.success ? { kind: 'claim', claim: event.data.b3iq } : undefined
}

function replyFrame(json: unknown, data: string): HostFrame | undefined {
  if (!isObject(json)) return undefined
  if ('error' in json && json.error) return failed
  try {
    const chunk = plainChunk(json) ?? HostChunk.safeParse(json).data
    return chunk && { kind: 'chunk', chunk, data }
  } catch {
    // Arguments can be nested too deep to be written as text again.
    return undefined
  }
}

const isObject = (json: unknown): json is Readonly<Record<string, unknown>> =>
  typeof json === 'object' && json !== null
