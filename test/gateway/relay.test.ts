import { describe, expect, test } from 'vitest'
import { makeRelay, type RelayIdentity, toWireUsage } from '../../src/gateway/relay.ts'
import { sha256Hex } from '../../src/protocol/canonical.ts'
import { chunkText, HostChunk } from '../../src/protocol/chat-chunk.ts'

const identity: RelayIdentity = {
  requestId: '01JABCDEFGHJKMNPQRSTVWXYZ0',
  createdSec: 1_700_000_000,
  model: 'maker/model',
  choices: 1,
}
const relayOf = (choices = 1, showsLogprobs = false) =>
  makeRelay({ ...identity, choices, showsLogprobs })

const delta = (fields: object, index = 0, rest: object = {}): HostChunk =>
  HostChunk.parse({ choices: [{ index, delta: fields, ...rest }] })
const says = (content: string, index = 0) => delta({ content }, index)
const finishes = (finish_reason: string, index = 0) =>
  HostChunk.parse({ choices: [{ index, delta: {}, finish_reason }] })
const uses = (prompt_tokens: number, completion_tokens: number) =>
  HostChunk.parse({ choices: [], usage: { prompt_tokens, completion_tokens } })

const choicesOf = (chunks: ReturnType<ReturnType<typeof makeRelay>['take']>) =>
  chunks.flatMap((chunk) => chunk.choices)

describe('what is handed on', () => {
  test('has our names, and the role before the first text', () => {
    const relay = relayOf()
    const host = HostChunk.parse({
      id: 'cmpl-host',
      model: '/models/secret.gguf',
      system_fingerprint: 'fp',
      choices: [{ index: 0, delta: { role: 'assistant', content: 'Hi' } }],
    })
    const frame = { id: `chatcmpl-${identity.requestId}`, object: 'chat.completion.chunk' }
    const named = { ...frame, created: 1_700_000_000, model: 'maker/model' }
    expect(relay.take(host)).toEqual([
      {
        ...named,
        choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }],
      },
      { ...named, choices: [{ index: 0, delta: { content: 'Hi' }, finish_reason: null }] },
    ])
    expect(choicesOf(relay.take(says('!')))).toEqual([
      { index: 0, delta: { content: '!' }, finish_reason: null },
    ])
  })

  test('keeps finish reasons back, also beside text', () => {
    const relay = relayOf()
    const last = delta({ content: 'Hi' }, 0, { finish_reason: 'length' })
    expect(choicesOf(relay.take(last)).map((choice) => choice.finish_reason)).toEqual([null, null])
    expect(relay.totals().finishReasons).toEqual(new Map([[0, 'length']]))
    expect(relay.isFinished()).toBe(true)
  })

  test('is nothing for a frame without content', () => {
    const relay = relayOf()
    for (const chunk of [
      delta({ role: 'assistant' }),
      delta({ content: '' }),
      uses(1, 1),
      finishes('stop'),
    ]) {
      expect(relay.take(chunk)).toEqual([])
    }
    expect(relay.hasContent()).toBe(false)
    expect(relay.isFinished()).toBe(true)
  })

  test("has the parts that clients know, and none of a runtime's own", () => {
    const relay = relayOf(1, true)
    const parts = {
      content: 'a',
      reasoning_content: 'b',
      refusal: 'c',
      tool_calls: [{ id: 'call_1', function: { name: 'f', arguments: '{}' } }],
    }
    const chunk = delta({ ...parts, token_ids: [1, 2] }, 0, { logprobs: { content: [] } })
    expect(choicesOf(relay.take(chunk)).at(-1)).toEqual({
      index: 0,
      delta: { ...parts, tool_calls: [{ ...parts.tool_calls[0], index: 0, type: 'function' }] },
      finish_reason: null,
      logprobs: { content: [] },
    })
  })

  test('has no log-probabilities that the customer did not ask for', () => {
    const chunk = delta({ content: 'a' }, 0, { logprobs: { content: [] } })
    expect(choicesOf(relayOf().take(chunk)).at(-1)).not.toHaveProperty('logprobs')
  })

  test('starts with a tool call when its name is known', () => {
    const relay = relayOf()
    expect(relay.take(delta({ tool_calls: [{ index: 0, id: 'call_1' }] }))).toEqual([])
    expect(relay.hasContent()).toBe(false)
    const named = { tool_calls: [{ index: 0, function: { name: 'f' } }] }
    expect(relay.take(delta(named))).toHaveLength(2)
    expect(relay.hasContent()).toBe(true)
  })

  test('is the whole of a call that never got its name, before the end', () => {
    const relay = relayOf()
    relay.take(delta({ tool_calls: [{ index: 0, function: { arguments: '{}' } }] }))
    const last = choicesOf(relay.take(finishes('tool_calls'))).at(-1)
    const id = `call_${identity.requestId}_0_0`
    const said = { name: '', arguments: '{}' }
    expect(last?.delta).toEqual({
      tool_calls: [{ index: 0, id, type: 'function', function: said }],
    })
  })

  test('has the log-probabilities of a character whose first token has no text', () => {
    const logprobs = { content: [{ token: 'x' }] }
    const half = delta({ content: '' }, 0, { logprobs })
    const relay = relayOf(1, true)
    expect(relay.take(half)).toEqual([])
    relay.take(says('a'))
    expect(choicesOf(relay.take(half))).toEqual([
      { index: 0, delta: {}, finish_reason: null, logprobs },
    ])
  })

  test('has those of the first character too, behind the role and before its text', () => {
    const relay = relayOf(2, true)
    const half = (token: string) =>
      delta({ content: '' }, 1, { logprobs: { content: [{ token }] } })
    relay.take(half('x'))
    relay.take(half('y'))
    expect(relay.hasContent()).toBe(false)
    expect(choicesOf(relay.take(says('a', 0)))).toHaveLength(2)
    const opened = choicesOf(
      relay.take(delta({ content: 'ü' }, 1, { logprobs: { content: [{ token: 'z' }] } })),
    )
    expect(opened.map((choice) => [choice.delta, choice.logprobs])).toEqual([
      [{ role: 'assistant', content: '' }, undefined],
      [{}, { content: [{ token: 'x' }] }],
      [{}, { content: [{ token: 'y' }] }],
      [{ content: 'ü' }, { content: [{ token: 'z' }] }],
    ])
  })

  test('has none of those before the first text that the customer did not ask for', () => {
    const relay = relayOf()
    relay.take(delta({ content: '' }, 0, { logprobs: { content: [{ token: 'x' }] } }))
    expect(relay.take(says('a'))).toHaveLength(2)
  })

  test.each([
    ['64 frames', 1_000, 'x', 64],
    ['64 KB', 10, 'x'.repeat(20_000), 3],
  ])('has at most %s of log-probabilities before the first text', (_, frames, token, kept) => {
    const relay = relayOf(1, true)
    for (let frame = 0; frame < frames; frame += 1) {
      relay.take(delta({ content: '' }, 0, { logprobs: { content: [{ token }] } }))
    }
    expect(relay.take(says('a'))).toHaveLength(kept + 2)
  })
})

describe('several choices', () => {
  test('each begin with their role, and all of them must end', () => {
    const relay = relayOf(2)
    const opened = choicesOf([...relay.take(says('a', 1)), ...relay.take(says('b', 0))])
    expect(opened.map(({ index, delta: { role } }) => [index, role])).toEqual([
      [1, 'assistant'],
      [1, undefined],
      [0, 'assistant'],
      [0, undefined],
    ])
    relay.take(finishes('stop', 1))
    expect(relay.isFinished()).toBe(false)
    relay.take(finishes('length', 0))
    expect(relay.isFinished()).toBe(true)
    expect(relay.totals().finishReasons).toEqual(
      new Map([
        [1, 'stop'],
        [0, 'length'],
      ]),
    )
  })

  test('beyond those that were asked for are nobody’s', () => {
    const relay = relayOf(1)
    expect(relay.take(says('a', 1))).toEqual([])
    relay.take(finishes('stop', 1))
    expect(relay.isFinished()).toBe(false)
    expect(relay.totals().completionBytes).toBe(0)
    // They are in the node's claim all the same, which is over what its runtime wrote.
    expect(relay.totals().outputSha256).toBe(sha256Hex('a'))
  })
})

describe('what is counted', () => {
  test('is every byte of text, and the hash that a claim is compared with', () => {
    const chunks = [
      delta({ reasoning_content: 'thinking ' }),
      says('Grüße '),
      says('世界'),
      delta({ tool_calls: [{ index: 0, function: { name: 'f', arguments: '{"a":1}' } }] }),
      finishes('stop'),
    ]
    const relay = relayOf()
    for (const chunk of chunks) relay.take(chunk)
    const text = chunks.map(chunkText).join('')
    expect(text).toBe('thinking Grüße 世界f{"a":1}')
    expect(relay.totals()).toMatchObject({
      completionBytes: Buffer.byteLength(text),
      outputSha256: sha256Hex(text),
    })
  })

  test('does not depend on how the text was cut', () => {
    const [whole, pieces] = [relayOf(), relayOf()]
    whole.take(says('Hello world'))
    for (const letter of 'Hello world') pieces.take(says(letter))
    expect(pieces.totals().outputSha256).toBe(whole.totals().outputSha256)
    expect(pieces.totals().completionBytes).toBe(whole.totals().completionBytes)
  })

  test('can be read at any time, and goes on', () => {
    const relay = relayOf()
    relay.take(says('a'))
    expect(relay.totals().outputSha256).toBe(sha256Hex('a'))
    relay.take(says('b'))
    expect(relay.totals().outputSha256).toBe(sha256Hex('ab'))
  })

  test('leaves out a name that is said again, which the hash has', () => {
    const relay = relayOf()
    const again = delta({ tool_calls: [{ index: 0, function: { name: 'f', arguments: '{' } }] })
    relay.take(again)
    relay.take(again)
    expect(relay.totals().completionBytes).toBe('f{{'.length)
    expect(relay.totals().outputSha256).toBe(sha256Hex('f{f{'))
  })

  test('hashes halves of a character in two choices as the node does, as one', () => {
    const relay = relayOf(2)
    const [high, low] = ['\ud83d', '\ude42']
    const choices = [
      { index: 0, delta: { content: high } },
      { index: 1, delta: { content: low } },
    ]
    relay.take(HostChunk.parse({ choices }))
    expect(relay.totals().outputSha256).toBe(sha256Hex('\ud83d\ude42'))
  })
})

test('usage goes to the wire as OpenAI writes it', () => {
  expect(toWireUsage({ prompt: 5, cached_prompt: 3, completion: 2 })).toEqual({
    prompt_tokens: 5,
    completion_tokens: 2,
    total_tokens: 7,
    prompt_tokens_details: { cached_tokens: 3 },
  })
})
