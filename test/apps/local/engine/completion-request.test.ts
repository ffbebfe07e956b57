// What a completion request may hold, and what it becomes.

import { describe, expect, it } from 'vitest'
import {
  parseChatRequest,
  parseTextRequest,
} from '../../../../apps/local/engine/completion-request.ts'

const messages = [{ role: 'user', content: 'Hi' }]

describe('a chat request', () => {
  it("takes llama.cpp's defaults for what it leaves out", () => {
    expect(parseChatRequest({ messages })).toEqual({
      ok: true,
      job: {
        promptText: '[user]Hi\n[assistant]',
        sampling: { temperature: 0.8, topP: 0.95, seed: expect.any(Number) },
        tokensMax: undefined,
        stop: [],
        stream: false,
        includeUsage: false,
      },
    })
  })

  it('takes nulls as left out and ignores fields it does not know', () => {
    const request = { messages, temperature: null, stop: null, seed: 3, stream: null, user: 'x' }
    expect(parseChatRequest(request)).toMatchObject({
      ok: true,
      job: { sampling: { temperature: 0.8, seed: 3 }, stop: [], stream: false },
    })
  })

  it.each([
    [{ max_tokens: 5 }, 5],
    [{ max_completion_tokens: 6 }, 6],
    [{ max_tokens: 5, max_completion_tokens: 6 }, 6],
  ])('limits its tokens with %o', (limits, tokensMax) => {
    expect(parseChatRequest({ messages, ...limits })).toMatchObject({ job: { tokensMax } })
  })

  it.each([
    [0, 0],
    [2 ** 32 + 5, 5],
    [-2, 2 ** 32 - 2],
  ])('keeps 32 bits of the seed %d', (seed, kept) => {
    expect(parseChatRequest({ messages, seed })).toMatchObject({
      job: { sampling: { seed: kept } },
    })
  })

  it('draws a new seed each time when there is none', () => {
    const seeds = [undefined, null, -1, undefined].map((seed) => {
      const parsed = parseChatRequest({ messages, seed })
      return parsed.ok ? parsed.job.sampling.seed : undefined
    })
    expect(new Set(seeds).size).toBeGreaterThan(1)
  })

  it('takes text parts, several turns and a reply without content', () => {
    const turns = [
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
      { role: 'assistant', content: null },
      { role: 'tool', content: 'c' },
    ]
    const promptText = '[system]Be brief.\n[user]ab\n[assistant]\n[tool]c\n[assistant]'
    expect(parseChatRequest({ messages: turns })).toMatchObject({ ok: true, job: { promptText } })
  })

  const faulty: readonly (readonly [unknown, string, string | null])[] = [
    [null, 'invalid_value', null],
    ['messages', 'invalid_value', null],
    [[], 'invalid_value', null],
    [{}, 'missing_required_parameter', 'messages'],
    [{ messages: [] }, 'invalid_value', 'messages'],
    [{ messages: [{ role: 'king', content: 'a' }] }, 'invalid_value', 'messages.0.role'],
    [
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: {} }] }] },
      'invalid_value',
      'messages.0.content',
    ],
    [{ messages, n: 2 }, 'invalid_value', 'n'],
    [{ messages, max_tokens: 0 }, 'invalid_value', 'max_tokens'],
    [{ messages, max_completion_tokens: 1.5 }, 'invalid_value', 'max_completion_tokens'],
    [{ messages, temperature: -1 }, 'invalid_value', 'temperature'],
    [{ messages, temperature: 'hot' }, 'invalid_value', 'temperature'],
    [{ messages, top_p: 0 }, 'invalid_value', 'top_p'],
    [{ messages, seed: 0.5 }, 'invalid_value', 'seed'],
    [{ messages, stop: '' }, 'invalid_value', 'stop'],
    [{ messages, stop: ['a', 'b', 'c', 'd', 'e'] }, 'invalid_value', 'stop'],
    [{ messages, stream: 'yes' }, 'invalid_value', 'stream'],
  ]

  it.each(faulty)('%j is refused in one sentence that names the field', (body, code, param) => {
    const parsed = parseChatRequest(body)
    expect(parsed).toMatchObject({ ok: false, fault: { code, param } })
    if (!parsed.ok) expect(parsed.fault.message).toMatch(/^The .*\.$/)
  })
})

describe('a text request', () => {
  it('takes one prompt, alone or in a list', () => {
    for (const prompt of ['Hi', ['Hi']]) {
      expect(parseTextRequest({ prompt })).toMatchObject({ ok: true, job: { promptText: 'Hi' } })
    }
  })

  it.each([
    [{}, 'missing_required_parameter'],
    [{ prompt: ['a', 'b'] }, 'invalid_value'],
    [{ prompt: [1, 2] }, 'invalid_value'],
  ])('%j is refused', (body, code) => {
    expect(parseTextRequest(body)).toMatchObject({ ok: false, fault: { code, param: 'prompt' } })
  })
})
