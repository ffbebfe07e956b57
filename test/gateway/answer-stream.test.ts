import { describe, expect, test } from 'vitest'
import {
  makeFrames,
  type StreamOptions,
  settledWithin,
  toSseBody,
} from '../../src/gateway/answer-stream.ts'
import type { CompletionEvent } from '../../src/gateway/completion-event.ts'
import { chunkOf } from '../../src/gateway/relay.ts'
import type { Sleep } from '../../src/protocol/clock.ts'
import { makeLatch } from '../support/host-answers.ts'
import { chunk, finished, identity, settled, started, usage } from '../support/settled-request.ts'
import { timersOver } from '../support/timers-over.ts'

const id = `chatcmpl-${identity.requestId}`
const frame = (rest: string) =>
  `data: {"id":"${id}","object":"chat.completion.chunk","created":1700000000,"model":"maker/model",${rest}}\n\n`
const b3iq = `"b3iq":${JSON.stringify(settled.summary)}`

function framesAfter(
  before: readonly CompletionEvent[],
  event: CompletionEvent,
  { includeUsage = false, choices = 1 } = {},
): string[] {
  const framesOf = makeFrames({ identity: { ...identity, choices }, includeUsage })
  for (const one of before) Array.from(framesOf(one))
  return [...framesOf(event)]
}
const framesFor = (event: CompletionEvent, includeUsage: boolean): string[] =>
  framesAfter([chunk({ content: 'a' })], event, { includeUsage })

describe('the frames of an event, byte by byte', () => {
  test('a start is told in headers alone', () => {
    expect(framesFor(started, false)).toEqual([])
  })

  test('a chunk is one data line; with usage asked for it says that there is none yet', () => {
    const hello = chunk({ content: 'Hi\n"' })
    const choices = '"choices":[{"index":0,"delta":{"content":"Hi\\n\\""},"finish_reason":null}]'
    expect(framesFor(hello, false)).toEqual([frame(choices)])
    expect(framesFor(hello, true)).toEqual([frame(`${choices},"usage":null`)])
  })

  test('the end is the finish reason with the receipt, then [DONE]', () => {
    const choices = '"choices":[{"index":0,"delta":{},"finish_reason":"length"}]'
    expect(framesFor(finished([0, 'length']), false)).toEqual([
      frame(`${choices},${b3iq}`),
      'data: [DONE]\n\n',
    ])
  })

  test('with usage asked for, usage and receipt have a chunk of their own', () => {
    const choices = '"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]'
    expect(framesFor(finished([0, 'stop']), true)).toEqual([
      frame(`${choices},"usage":null`),
      frame(`"choices":[],"usage":${JSON.stringify(usage)},${b3iq}`),
      'data: [DONE]\n\n',
    ])
  })

  test('the end tells how each choice ended', () => {
    const [last] = framesAfter([], finished([1, 'stop'], [0, 'length']), { choices: 3 })
    expect(JSON.parse(last?.slice(6) ?? '').choices).toMatchObject([
      { index: 0, finish_reason: 'length' },
      { index: 1, finish_reason: 'stop' },
      { index: 2, finish_reason: 'length' },
    ])
  })

  test('a choice without content gets its role at its end, and any other once', () => {
    const [last] = framesAfter([chunk({ content: 'b' }, 1)], finished(), { choices: 2 })
    expect(JSON.parse(last?.slice(6) ?? '').choices).toEqual([
      { index: 0, delta: { role: 'assistant', content: '' }, finish_reason: 'stop' },
      { index: 1, delta: {}, finish_reason: 'stop' },
    ])
  })

  test.each([true, false])('a failure is one chunk without [DONE]; usage: %s', (includeUsage) => {
    const failed = { kind: 'failed', error: { code: 'upstream_timeout' }, settled } as const
    const frames = framesFor(failed, includeUsage)
    expect(frames).toHaveLength(1)
    expect(frames[0]?.includes('"usage":null')).toBe(includeUsage)
    expect(JSON.parse(frames[0]?.slice(6) ?? '')).toMatchObject({
      id,
      choices: [{ index: 0, delta: { content: '' }, finish_reason: 'error' }],
      error: {
        code: 'upstream_timeout',
        type: 'server_error',
        status: 504,
        request_id: identity.requestId,
        retryable: true,
      },
      b3iq: settled.summary,
    })
  })

  test('a failure that nothing settled names no receipt', () => {
    const failed = {
      kind: 'failed',
      error: { code: 'internal_error' },
      settled: undefined,
    } as const
    expect(framesFor(failed, false)[0]).not.toContain('b3iq')
  })
})

/** A clock that stands until a test lets a duration pass. */
function makeHourglass() {
  const waiting: { readonly durationMs: number; readonly wake: () => void }[] = []
  const sleep: Sleep = (durationMs, signal) =>
    new Promise((resolve) => {
      waiting.push({ durationMs, wake: resolve })
      signal?.addEventListener('abort', () => resolve())
    })
  /** Lets every sleep of this length end. */
  const pass = async (durationMs: number) => {
    for (const one of waiting.splice(0)) {
      if (one.durationMs === durationMs) one.wake()
      else waiting.push(one)
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { sleep, pass }
}

/** Events that a test feeds one by one; `taken` counts what was asked for. */
function makeFeed() {
  const asked: ((result: IteratorResult<CompletionEvent>) => void)[] = []
  const fed: IteratorResult<CompletionEvent>[] = []
  const feed = { taken: 0 }
  const next = () => {
    feed.taken += 1
    const ready = fed.shift()
    return ready ? Promise.resolve(ready) : new Promise<(typeof fed)[0]>((r) => asked.push(r))
  }
  const give = (result: IteratorResult<CompletionEvent>) => {
    const waiting = asked.shift()
    if (waiting) waiting(result)
    else fed.push(result)
  }
  return {
    feed,
    iterator: { next },
    give: (event: CompletionEvent) => give({ done: false, value: event }),
    end: () => give({ done: true, value: undefined }),
  }
}

function bodyOf(iterator: AsyncIterator<CompletionEvent>, changes: Partial<StreamOptions> = {}) {
  const { sleep, pass } = makeHourglass()
  const left = { times: 0 }
  const body = toSseBody(iterator, {
    framesOf: makeFrames({ identity, includeUsage: false }),
    pingInMs: 5_000,
    startTimer: timersOver(sleep),
    onClientGone: () => {
      left.times += 1
    },
    ...changes,
  })
  const reader = body.getReader()
  const read = async () => {
    const { value } = await reader.read()
    return value && Buffer.from(value).toString('utf8')
  }
  return { reader, read, pass, left }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('a silent stream', () => {
  test('is kept alive after 5 s, then every 10 s', async () => {
    const { iterator, give } = makeFeed()
    const { read, pass } = bodyOf(iterator)
    await pass(5_000)
    expect(await read()).toBe(': ping\n\n')
    const next = read()
    await pass(5_000)
    await pass(10_000)
    expect(await next).toBe(': ping\n\n')
    give(chunk({ content: 'Hi' }))
    expect(await read()).toContain('"content":"Hi"')
  })

  test('pings at once where the headers already waited', async () => {
    const { iterator } = makeFeed()
    const { read, pass } = bodyOf(iterator, { pingInMs: 0 })
    await pass(0)
    expect(await read()).toBe(': ping\n\n')
  })
})

describe('a client that reads slowly', () => {
  test('is waited for: no further event is asked for', async () => {
    const { feed, iterator, give } = makeFeed()
    const { read } = bodyOf(iterator)
    for (const content of ['a', 'b', 'c']) give(chunk({ content }))
    await turn()
    expect(feed.taken).toBe(1)
    expect(await read()).toContain('"a"')
    await turn()
    expect(feed.taken).toBe(2)
    expect(await read()).toContain('"b"')
    await turn()
    expect(feed.taken).toBe(3)
  })

  test('is gone after 10 s without reading; the events are read to their end', async () => {
    const { feed, iterator, give, end } = makeFeed()
    const { reader, left, pass } = bodyOf(iterator)
    give(chunk({ content: 'a' }))
    give(chunk({ content: 'b' }))
    give(finished([0, 'stop']))
    end()
    await turn()
    expect(left.times).toBe(0)
    await pass(10_000)
    await turn()
    expect(left.times).toBe(1)
    expect(feed.taken).toBe(4)
    await expect(reader.closed).rejects.toThrow('stopped reading')
  })
})

test('a client that leaves is told once, and the events are read to their end', async () => {
  const { feed, iterator, give, end } = makeFeed()
  const { reader, read, left } = bodyOf(iterator)
  give(chunk({ content: 'a' }))
  expect(await read()).toContain('"a"')
  await reader.cancel()
  expect(left.times).toBe(1)
  give(chunk({ content: 'b' }))
  give(finished([0, 'stop']))
  end()
  await turn()
  expect(feed.taken).toBe(4)
})

test('an event that cannot be written breaks the reply off; the events are read to their end', async () => {
  const { feed, iterator, give, end } = makeFeed()
  const { read, left } = bodyOf(iterator)
  // No JSON has a number of this kind, as it has no value that is nested too deep.
  const choice = { index: 0, delta: {}, finish_reason: null, logprobs: 1n }
  give({ kind: 'chunks', chunks: [chunkOf(identity, [choice])] })
  give(chunk({ content: 'late' }))
  give(finished([0, 'stop']))
  end()
  await expect(read()).rejects.toThrow('BigInt')
  await turn()
  expect(left.times).toBe(1)
  expect(feed.taken).toBe(4)
})

test('chunks that came at once go out in one write, under one timer', async () => {
  const { iterator, give, end } = makeFeed()
  let timers = 0
  const startTimer: StreamOptions['startTimer'] = () => {
    timers += 1
    return { restart: () => undefined, stop: () => undefined }
  }
  const { read } = bodyOf(iterator, { startTimer })
  const choices = ['a', 'b', 'c'].map((content) => [
    { index: 0, delta: { content }, finish_reason: null },
  ])
  for (let times = 0; times < 50; times += 1) {
    const next = read()
    give({ kind: 'chunks', chunks: choices.map((one) => chunkOf(identity, one)) })
    expect((await next)?.match(/"content":"[abc]"/g)).toHaveLength(3)
  }
  end()
  expect(timers).toBe(1)
})

test('the stream closes behind the last event', async () => {
  const { iterator, give, end } = makeFeed()
  const { read } = bodyOf(iterator)
  give(finished([0, 'stop']))
  end()
  expect(await read()).toMatch(/"finish_reason":"stop".*\n\ndata: \[DONE\]\n\n$/)
  expect(await read()).toBeUndefined()
})

describe('settled within', () => {
  test('tells which came first', async () => {
    const { sleep, pass } = makeHourglass()
    const latch = makeLatch()
    const pending = settledWithin(latch.opened, 7, timersOver(sleep))
    await pass(7)
    expect(await pending).toBe('pending')
    const settledFirst = settledWithin(latch.opened, 7, timersOver(sleep))
    latch.open()
    expect(await settledFirst).toBe('settled')
    expect(await settledWithin(Promise.reject(new Error('x')), 7, timersOver(sleep))).toBe(
      'settled',
    )
  })
})
