import { describe, expect, test } from 'vitest'
import type { Tokenizers } from '../../src/metering/tokenizer-cache.ts'
import { countedCharsMax, startTokenCount } from '../../src/metering/tokenizer-count.ts'
import { toolCallFrame } from '../../src/metering/tokenizer-prompt.ts'
import type { ChatDelta } from '../../src/protocol/chat-chunk.ts'
import type { ChatMessage } from '../../src/protocol/chat-request.ts'
import type { Sleep } from '../../src/protocol/clock.ts'

const pin = {
  digest: `sha256:${'a'.repeat(64)}`,
  template_tokens_per_message: 3,
  template_tokens: 10,
  band: 0.1,
}
const never = new Promise<never>(() => undefined)
/** Ends only when it is told to. */
const patient: Sleep = (_, signal) =>
  new Promise((resolve) => signal?.addEventListener('abort', () => resolve()))
const impatient: Sleep = async () => undefined

/** A letter is a token. */
const letters: Tokenizers = { open: async () => async (texts) => texts.join('').length }
const opens = (open: Tokenizers['open']): Tokenizers => ({ open })

const user = (content: ChatMessage['content']): ChatMessage => ({ role: 'user', content })
const counting = (
  request: Parameters<typeof startTokenCount>[2] = { messages: [user('Hi')] },
  { tokenizers = letters, sleep = patient } = {},
) => startTokenCount({ tokenizers, sleep }, pin, request)

async function completionOf(...deltas: readonly (readonly [number, ChatDelta])[]) {
  const count = counting()
  for (const [choice, delta] of deltas) count.observe(choice, delta)
  return (await count.finish())?.completion
}

describe('of a prompt', () => {
  const promptOf = async (request: Parameters<typeof startTokenCount>[2]) =>
    (await counting(request).finish())?.prompt

  test('the texts count, the marks of every message, and once what begins it', async () => {
    expect(await promptOf({ messages: [user('Hi')] })).toBe(2 + 3 + 10)
    const parts = [
      { type: 'text', text: 'ab' },
      { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
      { type: 'text', text: 'cd' },
    ] as const
    expect(await promptOf({ messages: [user('Hi'), user([...parts]), user(null)] })).toBe(
      6 + 9 + 10,
    )
  })

  test('tool calls and tools count as they are rendered', async () => {
    const call = { id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } } as const
    const calling: ChatMessage = { role: 'assistant', content: null, tool_calls: [call] }
    const called = toolCallFrame.length + 3 + 3
    expect(await promptOf({ messages: [calling] })).toBe(called + 3 + 10)
    const tools = [{ type: 'function', function: { name: 'f' } }]
    const json = JSON.stringify(tools[0]).length
    expect(await promptOf({ messages: [user('Hi')], tools })).toBe(json + 2 + 3 + 10)
  })
})

describe('of an answer', () => {
  test('the words of every choice count', async () => {
    expect(
      await completionOf([0, { content: 'ab' }], [1, { content: 'c' }], [0, { content: 'de' }]),
    ).toBe(5)
  })

  test('reasoning counts with the marks that it was cut out of, a refusal as it is', async () => {
    expect(
      await completionOf([0, { reasoning_content: 'abc' }], [0, { content: 'd', refusal: 'e' }]),
    ).toBe(5 + 3)
  })

  test('each tool call counts with its marks and what is written around it', async () => {
    const piece = (index: number, called: { name?: string; arguments?: string }): ChatDelta => ({
      tool_calls: [{ index, function: called }],
    })
    const frame = toolCallFrame.length + 3
    expect(
      await completionOf(
        [0, piece(0, { name: 'f' })],
        [0, piece(1, { name: 'gg', arguments: '{}' })],
        [0, piece(0, { arguments: '{"a":1}' })],
      ),
    ).toBe(1 + 7 + frame + 4 + frame)
  })

  test('a hundred calls are counted, the last of them as one', async () => {
    const calls = Array.from({ length: 100 }, (_, index) => ({ index, function: { name: 'f' } }))
    const frames = 65 * (toolCallFrame.length + 3)
    expect(await completionOf([0, { tool_calls: calls }])).toBe(100 + frames)
  })

  test('it is counted slice by slice while it comes, in whatever pieces', async () => {
    const seen: number[] = []
    const tokenizers = opens(async () => async (texts) => {
      seen.push(texts.join('').length)
      return texts.join('').length
    })
    const count = counting(undefined, { tokenizers })
    for (let at = 0; at < 1_000; at += 1) count.observe(0, { content: 'the river ' })
    await Promise.resolve().then(() => undefined)
    // Two slices and the prompt are counted before the end; what is left is less than one.
    expect(seen).toHaveLength(3)
    expect((await count.finish())?.completion).toBe(10_000)
    expect(seen).toHaveLength(4)
  })
})

describe('there is no count, and no part of one,', () => {
  const observed = (deps: { tokenizers?: Tokenizers; sleep?: Sleep }, texts = ['ab']) => {
    const count = counting(undefined, deps)
    for (const content of texts) count.observe(0, { content })
    return count.finish()
  }

  test('without the tokenizer', async () => {
    expect(await observed({ tokenizers: opens(async () => undefined) })).toBeUndefined()
  })

  test('while the tokenizer is being loaded', async () => {
    const late = opens(() => never)
    expect(await observed({ tokenizers: late, sleep: impatient })).toBeUndefined()
  })

  test('where counting takes too long', async () => {
    const slow = opens(async () => () => never)
    // The tokenizer is there at once; only the count is late.
    const sleep: Sleep = (durationMs, signal) =>
      durationMs > 50 ? Promise.resolve() : patient(durationMs, signal)
    expect(await observed({ tokenizers: slow, sleep })).toBeUndefined()
  })

  test('where one slice could not be counted', async () => {
    const failing = opens(
      async () => async (texts) => (texts.join('') === 'ab' ? undefined : texts.join('').length),
    )
    expect(await observed({ tokenizers: failing })).toBeUndefined()
    expect(await observed({ tokenizers: failing }, ['abc'])).toBeDefined()
  })

  test('of texts beyond the bound, prompt and answer together', async () => {
    const fitting = 'x'.repeat(countedCharsMax - 'Hi'.length)
    expect((await observed({}, [fitting]))?.completion).toBe(fitting.length)
    expect(await observed({}, [fitting, 'x'])).toBeUndefined()
    const long = { messages: [user('x'.repeat(countedCharsMax + 1))] }
    expect(await counting(long).finish()).toBeUndefined()
  })
})

test('once it has ended nothing is counted any more', async () => {
  const { promise: loaded, resolve } =
    Promise.withResolvers<Awaited<ReturnType<Tokenizers['open']>>>()
  let counts = 0
  const count = counting(undefined, { tokenizers: opens(() => loaded), sleep: impatient })
  count.observe(0, { content: 'ab' })
  expect(await count.finish()).toBeUndefined()
  resolve(async () => {
    counts += 1
    return 1
  })
  await loaded
  await Promise.resolve()
  expect(counts).toBe(0)
})
