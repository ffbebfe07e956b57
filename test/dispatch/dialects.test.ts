import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { finishReasonOf, makeToolCalls, type ToolCallPiece } from '../../src/dispatch/dialects.ts'
import type { ToolCallDelta } from '../../src/protocol/chat-chunk.ts'
import { limits } from '../../src/protocol/limits.ts'

describe('how an answer ended', () => {
  test.each([
    ['stop', 'stop'],
    ['eos', 'stop'],
    ['end_turn', 'stop'],
    ['tool_calls', 'stop'],
    ['function_call', 'stop'],
    ['a word of tomorrow', 'stop'],
    ['length', 'length'],
    ['max_tokens', 'length'],
    ['MAX_TOKENS', 'length'],
    ['content_filter', 'content_filter'],
    ['', undefined],
    ['abort', undefined],
    ['error', undefined],
  ])('%j is %j', (word, reason) => {
    expect(finishReasonOf(word, false)).toBe(reason)
  })

  test.each([
    ['stop', 'tool_calls'],
    ['end_turn', 'tool_calls'],
    ['function_call', 'tool_calls'],
    ['tool_calls', 'tool_calls'],
    ['length', 'length'],
    ['content_filter', 'content_filter'],
    ['abort', undefined],
  ])('with tool calls %j is %j', (word, reason) => {
    expect(finishReasonOf(word, true)).toBe(reason)
  })
})

const callsOf = () => makeToolCalls((index) => `own_${index}`)
const piece = (name: string | undefined, text: string, rest: object = {}): ToolCallDelta => ({
  ...rest,
  function: { name, arguments: text },
})

/** What a client puts together, which takes the first name and joins the arguments. */
function joined(pieces: readonly ToolCallPiece[]) {
  const calls = new Map<number, { id: string; name: string; arguments: string }>()
  for (const { index, id, function: said } of pieces) {
    const call = calls.get(index) ?? { id: id ?? '', name: said.name ?? '', arguments: '' }
    calls.set(index, { ...call, arguments: call.arguments + said.arguments })
  }
  return [...calls.values()]
}

/** How a runtime labels the pieces of its calls; `at` counts the pieces of one call. */
const labellings: Record<string, (call: number, at: number, name: string) => ToolCallDelta> = {
  'by index': (call, at, name) =>
    at === 0 ? { index: call, id: `c${call}`, function: { name } } : { index: call },
  'by index, with the name and a new id on each': (call, at, name) => ({
    index: call,
    id: `c${call}.${at}`,
    function: { name },
  }),
  'by id alone': (call, at, name) => ({ id: `c${call}`, function: at === 0 ? { name } : {} }),
  'by id, index 0': (call, at, name) => ({
    index: 0,
    id: `c${call}`,
    function: at === 0 ? { name } : {},
  }),
  'by the id on the first, index 0': (call, at, name) =>
    at === 0 ? { index: 0, id: `c${call}`, function: { name } } : { index: 0, id: '' },
  'by the name on the first': (_, at, name) => (at === 0 ? { function: { name } } : {}),
  'by the name on each': (_, __, name) => ({ index: 0, function: { name } }),
  'by index, the name on the last': (call, _, name) => ({ index: call, function: { name } }),
}

const call = fc.record({
  name: fc.constantFrom('weather', 'time'),
  // Strings full of what else would end a value.
  arguments: fc
    .dictionary(
      fc.string({ maxLength: 4 }),
      fc.oneof(
        fc.string({ unit: fc.constantFrom('{', '}', '"', '\\', '[', ']', 'a') }),
        fc.jsonValue(),
      ),
    )
    .map((value) => JSON.stringify(value)),
  cuts: fc.array(fc.nat(), { maxLength: 4 }),
})

function cut(text: string, cuts: readonly number[]): string[] {
  const places = [...new Set(cuts.map((at) => at % text.length))].sort((a, b) => a - b)
  return [0, ...places].map((from, at) => text.slice(from, places[at] ?? text.length))
}

describe('the pieces of tool calls', () => {
  test.each(Object.entries(labellings))('%s, are the calls they were', (label, labelled) => {
    fc.assert(
      fc.property(fc.array(call, { maxLength: 4 }), (made) => {
        const calls = callsOf()
        const pieces = made.flatMap((one, index) => {
          const texts = cut(one.arguments, one.cuts)
          return texts.flatMap((text, at) => {
            const { function: said, ...rest } = labelled(index, at, one.name)
            const isTooEarly = label.endsWith('the last') && at < texts.length - 1
            const name = isTooEarly ? undefined : said?.name
            return calls.take([{ ...rest, function: { name, arguments: text } }])
          })
        })
        expect(calls.rest()).toEqual([])
        const expected = made.map(({ name, arguments: text }) => ({ name, arguments: text }))
        expect(joined(pieces)).toMatchObject(expected)
        const ids = joined(pieces).map(({ id }) => id)
        expect(new Set(ids).size).toBe(made.length)
        expect(ids.every((id) => id !== '')).toBe(true)
      }),
    )
  })

  test('are told in the order of the calls, those without text left out', () => {
    const calls = callsOf()
    expect(calls.take([piece('f', '{', { index: 1, id: 'a' })])).toEqual([
      { index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '{' } },
    ])
    expect(calls.take([piece(undefined, '', { index: 1 })])).toEqual([])
    expect(calls.take([piece(undefined, '}', { index: 1 })])).toEqual([
      { index: 0, function: { arguments: '}' } },
    ])
    expect(calls.take([piece('g', '', { index: 0, id: 'b' })])).toEqual([
      { index: 1, id: 'b', type: 'function', function: { name: 'g', arguments: '' } },
    ])
  })

  test('are two calls where their names differ, though neither has arguments yet', () => {
    const pieces = [piece('f', '', { index: 0 }), piece('g', '', { index: 0 })]
    expect(joined(callsOf().take(pieces)).map(({ name }) => name)).toEqual(['f', 'g'])
  })

  test('begin no call where they say nothing, or go on after its end', () => {
    const calls = callsOf()
    const pieces = [piece('f', '{}', { index: 0 }), piece(undefined, '\n', { index: 0 })]
    expect(joined(calls.take(pieces))).toMatchObject([{ name: 'f', arguments: '{}\n' }])
    expect(calls.take([piece(undefined, '', { index: 7 })])).toEqual([])
    expect(calls.rest()).toEqual([])
  })

  test('are two calls of one tool without arguments where their ids differ', () => {
    const calls = callsOf()
    const pieces = [piece('f', '', { index: 0, id: 'a' }), piece('f', '', { index: 0, id: 'b' })]
    expect(joined(calls.take(pieces)).map(({ id }) => id)).toEqual(['a', 'b'])
  })
})

describe('the id of a call', () => {
  const idsOf = (...pieces: ToolCallDelta[]) => joined(callsOf().take(pieces)).map(({ id }) => id)

  test('is made where there is none, or none that can be kept', () => {
    expect(idsOf(piece('f', '{}'), piece('g', '{}', { id: '' }))).toEqual(['own_0', 'own_1'])
    expect(idsOf(piece('f', '{}', { id: 'x'.repeat(257) }))).toEqual(['own_0'])
  })

  test('is made where two calls have the same', () => {
    const same = [piece('f', '{}', { index: 0, id: 'a' }), piece('g', '{}', { index: 1, id: 'a' })]
    expect(idsOf(...same)).toEqual(['a', 'own_1'])
  })
})

describe('what is held back', () => {
  test('is a call without a name, until its name comes', () => {
    const calls = callsOf()
    expect(calls.take([piece(undefined, '{', { id: 'a' })])).toEqual([])
    expect(calls.take([piece('', '"b"', { id: 'a' })])).toEqual([])
    expect(calls.take([piece('f', ':1', { id: 'a' })])).toEqual([
      { index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '{"b":1' } },
    ])
    expect(calls.rest()).toEqual([])
  })

  test('is told in the end without a name, once', () => {
    const calls = callsOf()
    calls.take([piece(undefined, '{}')])
    expect(calls.rest()).toEqual([
      { index: 0, id: 'own_0', type: 'function', function: { name: '', arguments: '{}' } },
    ])
    expect(calls.rest()).toEqual([])
  })

  test('is 64 KB at most', () => {
    const calls = callsOf()
    const text = 'x'.repeat(64 * 1024)
    expect(calls.take([piece(undefined, text)])).toEqual([])
    expect(calls.take([piece(undefined, 'y')])).toMatchObject([
      { function: { name: '', arguments: `${text}y` } },
    ])
    expect(calls.take([piece('late', 'z')])).toEqual([{ index: 0, function: { arguments: 'z' } }])
  })

  test('is nothing of calls beyond what one message may have', () => {
    const calls = callsOf()
    const many = Array.from({ length: limits.toolCallsPerMessage + 5 }, (_, index) =>
      piece('f', '{}', { index }),
    )
    expect(joined(calls.take(many))).toHaveLength(limits.toolCallsPerMessage)
    expect(calls.isEmpty()).toBe(false)
  })
})
