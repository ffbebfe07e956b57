// The demo model's tokenizer.json counts what the engine counts, to the token: of prompts in any
// script and of all that the model says. Spot checks of a gateway's own count rest on this.

import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { calibrationConversations } from '../../../../apps/local/engine/calibration-prompts.ts'
import {
  type ChatMessage,
  chatRoles,
  renderChat,
  templateTokens,
  templateTokensPerMessage,
} from '../../../../apps/local/engine/chat-template.ts'
import {
  demoTokenizer,
  demoTokenizerDigest,
  makeDemoCount,
} from '../../../../apps/local/engine/demo-tokenizer.ts'
import { cutSlices } from '../../../../src/metering/tokenizer-slices.ts'
import { openTestLlama, openTestScripted } from './opened-engines.ts'

const count = makeDemoCount()
const engines = [await openTestLlama(), openTestScripted()]
afterAll(() =>
  Promise.all(engines.filter((one) => !one.missing).map((one) => one.engine().dispose())),
)

/** Text by text, as a gateway counts. */
const countChat = (messages: readonly ChatMessage[]): number =>
  messages.reduce((sum, { text }) => sum + count(text) + templateTokensPerMessage, templateTokens)

const alike = { seed: 7, numRuns: 300 }
const words = fc.constantFrom(
  'the',
  'The',
  'story',
  ' storm',
  '▁',
  '[user]',
  '</s>',
  '<0x41>',
  '\n',
)
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.array(words, { maxLength: 30 }).map((all) => all.join(' ')),
  fc.array(words, { maxLength: 30 }).map((all) => all.join('')),
)
const conversations: readonly (readonly ChatMessage[])[] = [
  ...calibrationConversations,
  ...fc.sample(
    fc.array(fc.record({ role: fc.constantFrom(...chatRoles), text }), {
      minLength: 1,
      maxLength: 5,
    }),
    alike,
  ),
]

describe('the tokenizer', () => {
  it('has the same bytes and digest every time', () => {
    const sha256 = createHash('sha256').update(demoTokenizer).digest('hex')
    expect(`sha256:${sha256}`).toBe(demoTokenizerDigest)
    // Catalogues pin it: whoever means to change the vocabulary changes this with it.
    expect(sha256).toBe('cf89675140402bee3848a6fb4cc504c6e4bf8a0017a0efd74822a88205a63276')
  })
})

describe('a long text', () => {
  it('counts slice by slice as it does whole, where words are', () => {
    const said = fc.array(fc.constantFrom('The', 'story', 'storm', 'today.', '(x)', '東京', '\n'), {
      minLength: 3_000,
      maxLength: 5_000,
    })
    fc.assert(
      fc.property(said, (parts) => {
        const whole = parts.join(' ')
        const { slices, rest } = cutSlices(whole)
        expect(slices.length).toBeGreaterThan(1)
        expect([...slices, rest].reduce((sum, slice) => sum + count(slice), 0)).toBe(count(whole))
      }),
      { numRuns: 10 },
    )
  })
})

describe.each(engines)('$title', ({ engine, missing }) => {
  it.skipIf(missing)('takes prompts in any script for as many tokens', () => {
    const differing = conversations.filter(
      (messages) => engine().prompt(renderChat(messages)).tokens !== countChat(messages),
    )
    expect(differing).toEqual([])
    expect(conversations.length).toBeGreaterThan(400)
  })

  it.skipIf(missing)('says texts of as many tokens', async () => {
    const told: { readonly generated: number; readonly counted: number }[] = []
    for (const [index, messages] of calibrationConversations.entries()) {
      const sampling = { temperature: (index % 4) * 0.6, topP: 0.95, seed: index }
      const prompt = engine().prompt(renderChat(messages))
      let said = ''
      let generated = 0
      const tokensMax = 1 + (index % 64)
      for await (const piece of prompt.generate({ slot: 0, sampling, tokensMax })) {
        said += piece.text
        generated += piece.tokens
      }
      told.push({ generated, counted: count(said) })
    }
    expect(told.filter(({ generated, counted }) => generated !== counted)).toEqual([])
    expect(told.reduce((sum, { generated }) => sum + generated, 0)).toBeGreaterThan(4_000)
  })
})
