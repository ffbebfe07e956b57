import { describe, expect, test } from 'vitest'
import { ChatRequest } from '../../src/protocol/chat-request.ts'
import { limits } from '../../src/protocol/limits.ts'

const user = { role: 'user', content: 'Hi' }
const request = (change: object = {}) =>
  ChatRequest.safeParse({ model: 'maker/model', messages: [user], ...change })
const withContent = (content: unknown) => request({ messages: [{ role: 'user', content }] })

describe('a request is taken', () => {
  test.each([
    ['as short as it gets', {}],
    ['with fields that nobody knows', { unheard_of: { a: 1 } }],
    ['with null for what is left open', { max_tokens: null, stop: null, n: null, provider: null }],
    ['with stop sequences', { stop: ['a', 'b'] }],
    ['at the bounds', { n: limits.choices, temperature: 2, top_p: 1, max_tokens: 1 }],
    ['with a maximum price', { provider: { max_price: { prompt: 0.5 }, sort: 'price' } }],
    ['of a tool’s reply', { messages: [user, { role: 'tool', content: '{}', tool_call_id: 'x' }] }],
    [
      'of a call without content',
      { messages: [user, { role: 'assistant', content: null, tool_calls: [] }] },
    ],
  ])('%s', (_, change) => {
    expect(request(change).success).toBe(true)
  })

  test('with unknown fields kept, for the allowlist to judge', () => {
    expect(request({ unheard_of: 1 }).data).toMatchObject({ unheard_of: 1 })
  })
})

describe('a request is refused', () => {
  test.each([
    ['without messages', { messages: [] }],
    ['with too many messages', { messages: Array(limits.messages + 1).fill(user) }],
    ['of an unknown role', { messages: [{ role: 'robot', content: 'x' }] }],
    ['for no model', { model: '' }],
    ['for a model of a strange name', { model: 'x'.repeat(129) }],
    ['for no choice', { n: 0 }],
    ['for too many choices', { n: limits.choices + 1 }],
    ['for no tokens', { max_tokens: 0 }],
    ['for half a token', { max_completion_tokens: 1.5 }],
    ['too hot', { temperature: 2.1 }],
    ['with a stop that is no text', { stop: [1] }],
    ['with a user without end', { user: 'x'.repeat(513) }],
    ['with a negative price', { provider: { max_price: { prompt: -1 } } }],
    ['with a price without end', { provider: { max_price: { prompt: Number.POSITIVE_INFINITY } } }],
  ])('%s', (_, change) => {
    expect(request(change).success).toBe(false)
  })
})

describe('an image', () => {
  const image = (url: string) => withContent([{ type: 'image_url', image_url: { url } }])

  test('comes along as data', () => {
    expect(image('data:image/png;base64,AAAA').success).toBe(true)
  })

  test.each(['https://example.com/a.png', 'http://169.254.169.254/', 'file:///etc/passwd', '//x'])(
    'is never fetched: %s',
    (url) => {
      const [issue] = image(url).error?.issues ?? []
      expect(JSON.stringify(issue)).toContain('images must be data URIs: no host fetches a URL')
    },
  )

  test('of an unknown kind is refused', () => {
    expect(withContent([{ type: 'video_url', video_url: {} }]).success).toBe(false)
    expect(withContent(Array(257).fill({ type: 'text', text: 'x' })).success).toBe(false)
  })
})
