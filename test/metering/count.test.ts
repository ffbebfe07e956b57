import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  countTokens,
  promptBytes,
  promptTokensBound,
  reasoningBytes,
  templateBytesPerMessage,
} from '../../src/metering/count.ts'
import type { ChatMessage } from '../../src/protocol/chat-request.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 40 })
const message: fc.Arbitrary<ChatMessage> = fc.record({
  role: fc.constantFrom('system', 'user', 'assistant', 'tool'),
  content: fc.oneof(
    text,
    fc.constant(null),
    fc.array(
      text.map((part) => ({ type: 'text' as const, text: part })),
      { maxLength: 4 },
    ),
  ),
  reasoning_content: fc.option(text),
})
const messages = fc.array(message, { minLength: 1, maxLength: 6 })

describe('the bytes of a prompt', () => {
  test.each<[string, ChatMessage['content'], number]>([
    ['text', 'hello', 5],
    ['text beyond ASCII', 'größe 日', 11],
    ['nothing', '', 0],
    ['null', null, 0],
    [
      'parts, of which only texts count',
      [
        { type: 'text', text: 'ab' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
        { type: 'text', text: 'cd' },
      ],
      4,
    ],
  ])('are those of its content and its template: %s', (_, content, bytes) => {
    expect(promptBytes({ messages: [{ role: 'user', content }] })).toBe(
      bytes + templateBytesPerMessage,
    )
  })

  test('include tools and tool calls, which templates render too', () => {
    const called = { name: 'look', arguments: '{}' }
    const call = { id: 'c1', type: 'function' as const, function: called }
    const plain: ChatMessage = { role: 'assistant', content: 'ab' }
    const calling: ChatMessage = { ...plain, tool_calls: [call] }
    const bare = promptBytes({ messages: [plain] })
    expect(promptBytes({ messages: [calling] })).toBe(bare + JSON.stringify([call]).length)
    expect(promptBytes({ messages: [plain], tools: [call] })).toBe(
      bare + JSON.stringify([call]).length,
    )
  })

  test('leave out the reasoning of earlier answers, which is told apart', () => {
    const plain: ChatMessage = { role: 'assistant', content: 'ab' }
    const thought: ChatMessage = { ...plain, reasoning_content: 'größe' }
    expect(promptBytes({ messages: [thought] })).toBe(promptBytes({ messages: [plain] }))
    expect(reasoningBytes([thought, plain, thought])).toBe(7 + 7)
  })

  test('add up over its messages', () => {
    fc.assert(
      fc.property(messages, messages, (one, other) => {
        const apart = promptBytes({ messages: one }) + promptBytes({ messages: other })
        expect(promptBytes({ messages: [...one, ...other] })).toBe(apart)
      }),
    )
  })
})

describe('the bound of a prompt', () => {
  test('covers every byte of the messages and the template around each and around the reply', () => {
    fc.assert(
      fc.property(messages, (all) => {
        const json = Buffer.byteLength(JSON.stringify(all))
        const template = templateBytesPerMessage * (all.length + 1)
        expect(promptTokensBound({ messages: all })).toBeGreaterThanOrEqual(json + template)
        expect(promptTokensBound({ messages: all })).toBeGreaterThan(promptBytes({ messages: all }))
      }),
    )
  })

  test('covers what templates render beside the content: names, tool calls, tools', () => {
    const plain: ChatMessage = { role: 'assistant', content: null }
    const called: ChatMessage = {
      ...plain,
      tool_calls: [{ function: { name: 'look', arguments: 'x'.repeat(100) } }],
    }
    const tools = [{ type: 'function', function: { name: 'y'.repeat(200) } }]
    const bound = promptTokensBound({ messages: [plain] })
    expect(promptTokensBound({ messages: [called] })).toBeGreaterThan(bound + 100)
    expect(promptTokensBound({ messages: [plain], tools })).toBeGreaterThan(bound + 200)
  })
})

describe('an image', () => {
  const imageOf = (chars: number): ChatMessage => ({
    role: 'user',
    content: [
      { type: 'text', text: 'Look:' },
      { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(chars)}` } },
    ],
  })

  test('has no bytes that a tokenizer would see, however large it is', () => {
    const [small, large] = [imageOf(4), imageOf(400_000)]
    expect(promptBytes({ messages: [large] })).toBe('Look:'.length + templateBytesPerMessage)
    expect(promptTokensBound({ messages: [large] })).toBe(promptTokensBound({ messages: [small] }))
  })

  test('has the tokens that its build says in the bound', () => {
    const messages = [imageOf(4)]
    const textual = promptTokensBound({ messages })
    expect(promptTokensBound({ messages }, 1_500)).toBe(textual + 1_500)
  })
})

describe('the count', () => {
  const ratios = { prompt: { mean: 4, band: 0.1 }, completion: { mean: 3.5, band: 0.1 } }

  test.each([
    [{ prompt: 0, completion: 0 }, 0, 0],
    [{ prompt: 1, completion: 1 }, 1, 1],
    [{ prompt: 400, completion: 350 }, 100, 100],
    [{ prompt: 401, completion: 351 }, 101, 101],
  ])('of %o is bytes over bytes per token, rounded up', (bytes, prompt, completion) => {
    expect(countTokens(bytes, ratios)).toEqual({ prompt, cached_prompt: 0, completion })
  })
})
