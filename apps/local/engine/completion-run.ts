// Runs one completion on a slot and reports it as events: text as it becomes sendable, then how
// it ended. It computes the next token only when the reader asks for the next event, so a slow
// reader slows the engine instead of filling memory.

import { setImmediate, setTimeout } from 'node:timers/promises'
import type { CompletionJob } from './completion-request.ts'
import type { Prompt, Reading } from './engine.ts'
import type { Counters } from './metrics.ts'
import { makeStopFilter } from './stop-strings.ts'

export type Usage = {
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly total_tokens: number
}

/** llama.cpp's own measure of a reply. */
export type Timings = {
  readonly prompt_n: number
  readonly prompt_ms: number
  readonly predicted_n: number
  readonly predicted_ms: number
}

export type CompletionEnd = {
  readonly finishReason: 'stop' | 'length' | 'tool_calls'
  readonly usage: Usage
  readonly timings: Timings
}

export type CompletionEvent =
  | {
      readonly type: 'text'
      readonly text: string
      /** Of the tokens that this text came from, when log-probabilities were asked for. */
      readonly readings?: readonly Reading[] | undefined
    }
  /** From here on the reply is the arguments of this call. */
  | { readonly type: 'call'; readonly id: string; readonly name: string }
  | { readonly type: 'arguments'; readonly text: string }
  | ({ readonly type: 'end' } & CompletionEnd)

export type CompletionRun = {
  readonly prompt: Prompt
  readonly slot: number
  readonly job: CompletionJob
  readonly contextTokens: number
  /** Waited after every token, to make streams as slow as a test needs them. */
  readonly tokenDelayMs: number
  readonly counters: Counters
  readonly signal: AbortSignal
}

/** Throws the signal's reason when it is aborted. */
export async function* runCompletion(
  run: CompletionRun,
): AsyncGenerator<CompletionEvent, void, undefined> {
  const { prompt, job, counters, signal, tokenDelayMs } = run
  const tokensMax = Math.min(job.tokensMax ?? Infinity, run.contextTokens - prompt.tokens)
  const filter = makeStopFilter(job.stop)
  const startedMs = performance.now()
  let firstTokenMs = startedMs
  let completionTokens = 0
  let stopped = false
  let readings: Reading[] = []

  /** What was read goes out with the text it belongs to; without any, events stay as they were. */
  const textEvent = (text: string): CompletionEvent => {
    if (readings.length === 0) return { type: 'text', text }
    const event = { type: 'text', text, readings } as const
    readings = []
    return event
  }

  const count = () => {
    const nowMs = performance.now()
    completionTokens += 1
    counters.predictedTokens += 1
    if (completionTokens > 1) return
    firstTokenMs = nowMs
    counters.promptTokens += prompt.tokens
    counters.promptMs += nowMs - startedMs
  }

  try {
    for await (const piece of prompt.generate({
      slot: run.slot,
      sampling: job.sampling,
      tokensMax,
      topLogprobs: job.topLogprobs,
      grammar: job.grammar,
    })) {
      signal.throwIfAborted()
      if (piece.tokens === 1) count()
      if (piece.reading) readings.push(piece.reading)
      const cut = filter.push(piece.text)
      if (cut.text !== '') yield textEvent(cut.text)
      stopped = cut.stopped
      if (stopped) break
      // Other requests and scrapes get their turn between any two tokens.
      await (tokenDelayMs > 0 ? setTimeout(tokenDelayMs, undefined, { signal }) : setImmediate())
    }
  } finally {
    counters.predictedMs += performance.now() - firstTokenMs
  }

  const rest = filter.flush()
  // Tokens of a stop string are not part of the reply, and neither are their readings.
  if (rest !== '' || (readings.length > 0 && !stopped)) yield textEvent(rest)
  yield {
    type: 'end',
    finishReason: stopped || completionTokens < tokensMax ? 'stop' : 'length',
    usage: {
      prompt_tokens: prompt.tokens,
      completion_tokens: completionTokens,
      total_tokens: prompt.tokens + completionTokens,
    },
    timings: {
      prompt_n: prompt.tokens,
      prompt_ms: firstTokenMs - startedMs,
      predicted_n: completionTokens,
      predicted_ms: performance.now() - firstTokenMs,
    },
  }
}

export type ToolCall = { readonly id: string; readonly name: string; readonly arguments: string }

export type WholeCompletion = {
  readonly text: string
  readonly call?: ToolCall | undefined
  readonly end: CompletionEnd
  readonly readings: readonly Reading[]
}

/** Drains a run that nobody streams. */
export const collectCompletion = async (
  events: AsyncIterable<CompletionEvent>,
): Promise<WholeCompletion> => {
  let text = ''
  let args = ''
  let call: Omit<ToolCall, 'arguments'> | undefined
  const readings: Reading[] = []
  for await (const event of events) {
    switch (event.type) {
      case 'text':
        text += event.text
        readings.push(...(event.readings ?? []))
        break
      case 'call':
        call = { id: event.id, name: event.name }
        break
      case 'arguments':
        args += event.text
        break
      case 'end':
        return { text, call: call && { ...call, arguments: args }, end: event, readings }
    }
  }
  throw new Error('A completion ended without saying how.')
}
