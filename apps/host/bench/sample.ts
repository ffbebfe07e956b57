/** One streamed request to a local runtime, timed as its asker sees it. */
import type { IncomingMessage } from 'node:http'
import { createParser } from 'eventsource-parser'
import { chunkText, HostChunk } from '../../../src/protocol/chat-chunk.ts'
import type { NowMs } from '../../../src/protocol/clock.ts'
import { limits } from '../../../src/protocol/limits.ts'
import { askRuntime, type RuntimeTimeouts } from '../proxy/runtime-request.ts'
import { runtimeUrl } from '../runtimes/surface.ts'

export type Sample =
  | {
      readonly ok: true
      readonly firstContentMs: number
      readonly totalMs: number
      /** As the runtime counted, else as many as there were chunks with text. */
      readonly tokens: number
    }
  | { readonly ok: false; readonly reason: string }

export type Question = {
  readonly url: string
  readonly model: string
  readonly prompt: string
  readonly tokensMax: number
}

/** Never rejects; ends early as a failure when `signal` aborts. */
export async function takeSample(
  question: Question,
  by: {
    readonly signal: AbortSignal
    readonly timeouts: RuntimeTimeouts
    readonly monotonicMs: NowMs
  },
): Promise<Sample> {
  const startedMs = by.monotonicMs()
  const body = Buffer.from(
    JSON.stringify({
      model: question.model,
      messages: [{ role: 'user', content: question.prompt }],
      max_tokens: question.tokensMax,
      stream: true,
      stream_options: { include_usage: true },
    }),
  )
  const url = runtimeUrl(question.url, '/v1/chat/completions')
  const reply = await askRuntime({ url, body, signal: by.signal, timeouts: by.timeouts })
  if (reply === undefined) return failed(by.signal.aborted ? 'cut off' : 'no answer')
  if (reply.statusCode !== 200) {
    reply.destroy()
    return failed(`status ${reply.statusCode}`)
  }
  const seen = await readStream(reply, by.monotonicMs)
  if (by.signal.aborted) return failed('cut off')
  if (seen.firstMs === undefined) return failed('no text')
  return {
    ok: true,
    firstContentMs: seen.firstMs - startedMs,
    totalMs: seen.lastMs - startedMs,
    tokens: seen.usage ?? seen.chunks,
  }
}

const failed = (reason: string): Sample => ({ ok: false, reason })

async function readStream(reply: IncomingMessage, monotonicMs: NowMs) {
  const seen: { firstMs?: number; lastMs: number; chunks: number; usage?: number } = {
    lastMs: 0,
    chunks: 0,
  }
  const parser = createParser({
    maxBufferSize: limits.hostEventBytes,
    onEvent: ({ data }) => {
      const chunk = parseChunk(data)
      if (chunk?.usage) seen.usage = chunk.usage.completion_tokens
      if (chunk === undefined || chunkText(chunk) === '') return
      seen.chunks += 1
      seen.lastMs = monotonicMs()
      seen.firstMs ??= seen.lastMs
    },
  })
  try {
    for await (const piece of reply.setEncoding('utf8')) parser.feed(String(piece))
  } catch {
    // What came until then is measured; a stream without text has failed anyway.
  }
  return seen
}

function parseChunk(data: string): HostChunk | undefined {
  try {
    return HostChunk.safeParse(JSON.parse(data)).data
  } catch {
    return undefined
  }
}
