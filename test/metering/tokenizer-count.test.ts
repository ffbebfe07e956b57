import { describe, expect, test } from 'vitest'
import type { Tokenizers } from '../../src/metering/tokenizer-cache.ts'
import {
  countedCharsMax,
  countedWithinMs,
  startPromptCount,
  startTokenCount,
} from '../../src/metering/tokenizer-count.ts'
import { promptTexts, toolCallFrame } from '../../src/metering/tokenizer-prompt.ts'
import { sliceChars } from '../../src/metering/tokenizer-slices.ts'
import { handedOverMax } from '../../src/metering/tokenizer-tally.ts'
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
/** Until nothing is left that waits for nobody else. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

/** A letter is a token. */
const letters: Tokenizers = { open: async () => async (texts) => texts.join('').length }
const opens = (open: Tokenizers['open']): Tokenizers => ({ open })

const user = (content: ChatMessage['content']): ChatMessage => ({ role: 'user', content })
type Request = Omit<Parameters<typeof promptTexts>[0], 'rendersReasoning'>
const hi: Request = { messages: [user('Hi')] }
const startPrompt = (request = hi, { tokenizers = letters, rendersReasoning = false } = {}) =>
  startPromptCount(tokenizers, pin.digest, promptTexts({ ...request, rendersReasoning }))
const counting = (request = hi, { tokenizers = letters, sleep = patient } = {}) =>
  startTokenCount({ sleep }, pin, startPrompt(request, { tokenizers }))

async function completionOf(...deltas: readonly (readonly [number, ChatDelta])[]) {
  const count = counting()
  for (const [choice, delta] of deltas) count.observe(choice, delta)
  return (await count.finish())?.completion
}

describe('of a prompt', () => {
  const promptOf = async (request: Request) => (await counting(request).finish())?.prompt

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

  test('texts that no template surrounds count alone, with what marks each of them', async () => {
    const promptFor = async (texts: Parameters<typeof startPromptCount>[2]) => {
      const prompt = startPromptCount(letters, pin.digest, texts)
      return (await startTokenCount({ sleep: patient }, pin, prompt).finish())?.prompt
    }
    expect(await promptFor({ texts: ['Once'], marked: 0, isRaw: true })).toBe(4)
    expect(await promptFor({ texts: ['ab', 'c'], marked: 2, isRaw: true })).toBe(3 + 6)
  })

  test('the reasoning of earlier answers counts only where the template renders it', async () => {
    const messages: ChatMessage[] = [
      { role: 'assistant', content: 'ab', reasoning_content: 'abcde' },
      user('Hi'),
    ]
    const promptWhere = async (rendersReasoning: boolean) => {
      const prompt = startPrompt({ messages }, { rendersReasoning })
      return (await startTokenCount({ sleep: patient }, pin, prompt).finish())?.prompt
    }
    expect(await promptWhere(false)).toBe(4 + 6 + 10)
    expect(await promptWhere(true)).toBe(4 + 5 + 6 + 10)
  })

  test('it is counted once for several hosts, each of which adds what its template does', async () => {
    const counted: string[] = []
    const tokenizers = opens(async () => async (texts) => {
      counted.push(texts.join(''))
      return texts.join('').length
    })
    const prompt = startPrompt(hi, { tokenizers })
    const first = startTokenCount({ sleep: patient }, pin, prompt)
    first.observe(0, { content: 'x' })
    first.giveUp()
    const second = { ...pin, template_tokens: 20 }
    const count = startTokenCount({ sleep: patient }, second, prompt)
    count.observe(0, { content: 'abc' })
    expect(await count.finish()).toMatchObject({ prompt: 2 + 3 + 20, completion: 3 })
    expect(counted).toEqual(['Hi', 'abc'])
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
    await settled()
    // Two slices and the prompt are counted before the end; what is left is less than one.
    expect(seen).toHaveLength(3)
    expect((await count.finish())?.completion).toBe(10_000)
    expect(seen).toHaveLength(4)
  })
})

describe('there is no count, and no part of one,', () => {
  /** The tokenizer is there at once; only the count is late. */
  const hastyAtTheEnd: Sleep = (durationMs, signal) =>
    durationMs > 50 ? Promise.resolve() : patient(durationMs, signal)
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
    expect(await observed({ tokenizers: slow, sleep: hastyAtTheEnd })).toBeUndefined()
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

describe('how long the end waits', () => {
  test.each([
    [0, 500],
    [1, 505],
    [1_024, 505],
    [1_025, 510],
    [100 * 1_024, 1_000],
    [countedCharsMax, 1_780],
    [10 * countedCharsMax, 2_000],
  ])('depends on what is not counted yet: %i characters, %i ms', (chars, durationMs) => {
    expect(countedWithinMs(chars)).toBe(durationMs)
  })

  test('is told by prompt and answer together, less what is counted', async () => {
    const waits: number[] = []
    const sleep: Sleep = (durationMs, signal) => {
      waits.push(durationMs)
      return patient(durationMs, signal)
    }
    const { promise: goesOn, resolve } = Promise.withResolvers<void>()
    let counts = 0
    // The first batch, the prompt, is counted at once.
    const tokenizers = opens(async () => async (texts) => {
      counts += 1
      if (counts > 1) await goesOn
      return texts.join('').length
    })
    const count = counting({ messages: [user('x'.repeat(10_000))] }, { tokenizers, sleep })
    await settled()
    count.observe(0, { content: 'x'.repeat(50 * 1_024) })
    const finishing = count.finish()
    await settled()
    resolve()
    expect((await finishing)?.completion).toBe(50 * 1_024)
    expect(waits).toEqual([50, 750])
  })
})

describe('once it has ended nothing is counted any more', () => {
  /** Far more than is handed over at a time. */
  const long = 'x'.repeat(20 * sliceChars)

  test('where the tokenizer comes too late', async () => {
    const { promise: loaded, resolve } =
      Promise.withResolvers<Awaited<ReturnType<Tokenizers['open']>>>()
    let counts = 0
    const count = counting(undefined, { tokenizers: opens(() => loaded), sleep: impatient })
    count.observe(0, { content: long })
    expect(await count.finish()).toBeUndefined()
    resolve(async () => {
      counts += 1
      return 1
    })
    await settled()
    expect(counts).toBe(0)
  })

  test.each(['finished', 'given up'])('where it was %s while it counted', async (ended) => {
    const counted: ((tokens: number) => void)[] = []
    const slow = opens(async () => () => new Promise((resolve) => counted.push(resolve)))
    const sleep: Sleep = (durationMs, signal) =>
      durationMs > 50 ? Promise.resolve() : patient(durationMs, signal)
    const count = counting({ messages: [] }, { tokenizers: slow, sleep })
    await settled()
    count.observe(0, { content: long })
    if (ended === 'finished') expect(await count.finish()).toBeUndefined()
    else count.giveUp()
    for (const resolve of counted) resolve(1)
    await settled()
    expect(counted).toHaveLength(handedOverMax)
  })
})
