/**
 * What the bench's host says, as bytes that are made once. The name of the model that is asked for tells how
 * much: `words-300` is an answer of 300 chunks with one word each, all of them there at once, and
 * `words-300-every-50` brings one of them every 50 ms.
 */
import { sha256Hex } from '../../src/protocol/canonical.ts'
import type { TokenCounts } from '../../src/protocol/usage.ts'
import { promptTokens } from './prompt.ts'

export type Answer = {
  /** One event each, framed as HTTP chunks: the words, the reason of the end, the usage. */
  readonly events: readonly Buffer[]
  /** All events but the first. */
  readonly rest: Buffer
  /** 0 where it is all there at once. */
  readonly everyMs: number
  /** The same answer as one document, with the head of its reply. */
  readonly document: Buffer
  readonly usage: TokenCounts
  readonly outputSha256: string
}

/** At most 99,999 words. */
const modelPattern = /words-(\d{1,5})\b(?:-every-(\d+))?/

/** Whether `text` names such a model somewhere. */
export const asksForWords = (text: string): boolean => modelPattern.test(text)

/** Of the model that `text` names somewhere; throws where it names none that answers are made for. */
export function makeAnswers(): (text: string) => Answer {
  const made = new Map<string, Answer>()
  return (text) => {
    const [name = '', words, everyMs = '0'] = modelPattern.exec(text) ?? []
    const known = made.get(name)
    if (known !== undefined) return known
    if (words === undefined) throw new Error(`a model is named words-N, and not: ${text}`)
    const answer = makeAnswer(name, Number(words), Number(everyMs))
    made.set(name, answer)
    return answer
  }
}

/** Four bytes, which is what the bench's models call a token. */
const wordAt = (at: number): string => ` wo${at % 10}`

function makeAnswer(model: string, words: number, everyMs: number): Answer {
  const texts = Array.from({ length: words }, (_, at) => wordAt(at))
  const usage = {
    prompt_tokens: promptTokens,
    completion_tokens: words,
    total_tokens: promptTokens + words,
    prompt_tokens_details: { cached_tokens: 0 },
  }
  const common = { id: 'chatcmpl-bench', created: 1_770_000_000, model }
  const chunk = (choices: readonly object[], more: object = {}) =>
    eventOf({ ...common, object: 'chat.completion.chunk', choices, ...more })
  const choice = (delta: object, reason: string | null = null) => ({
    index: 0,
    delta,
    finish_reason: reason,
  })
  const events = [
    ...texts.map((content) => chunk([choice({ content })])),
    chunk([choice({}, 'stop')]),
    chunk([], { usage }),
  ]
  const message = { role: 'assistant', content: texts.join('') }
  const whole = {
    ...common,
    object: 'chat.completion',
    choices: [{ index: 0, message, finish_reason: 'stop' }],
    usage,
  }
  return {
    events,
    rest: Buffer.concat(events.slice(1)),
    everyMs,
    document: documentReply(whole),
    usage: { prompt: promptTokens, cached_prompt: 0, completion: words },
    outputSha256: sha256Hex(texts.join('')),
  }
}

/** As a runtime sends it: one event, one HTTP chunk. */
export const eventOf = (data: object | string): Buffer => {
  const text = `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`
  return Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`)
}

/** Closes a chunked reply. */
export const lastChunk = '0\r\n\r\n'

/** Behind `extra` lines of its own. */
export const streamHead = (extra = ''): string =>
  `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n${extra}\r\n`

function documentReply(document: object): Buffer {
  const body = JSON.stringify(document)
  const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: '
  return Buffer.from(`${head}${Buffer.byteLength(body)}\r\n\r\n${body}`)
}
