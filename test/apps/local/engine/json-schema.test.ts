// Which JSON schemas the engine takes, and how it refuses the others: with a reason that names the
// place, before anything is generated.

import { describe, expect, it } from 'vitest'
import { parseChatRequest } from '../../../../apps/local/engine/completion-request.ts'
import { numbersWithin, readSchema } from '../../../../apps/local/engine/json-schema.ts'

const nested = (depth: number): object => (depth === 0 ? {} : { items: nested(depth - 1) })

const refused: readonly (readonly [unknown, string])[] = [
  [true, 'its top'],
  [{ type: 'text' }, 'at type'],
  [{ properties: { a: { pattern: '^a$' } } }, 'at properties.a: Unrecognized key: "pattern"'],
  [{ allOf: [{}] }, '"allOf"'],
  [{ type: 'string', format: 'email' }, 'at format'],
  [{ enum: [] }, 'at enum'],
  [{ anyOf: [{ type: 'string' }], properties: {} }, 'properties cannot be kept beside anyOf'],
  [{ enum: ['a'], minLength: 3 }, 'minLength cannot be kept beside enum'],
  [{ $ref: '#/$defs/a' }, 'names no schema'],
  [{ $ref: 'https://example.com/a.json' }, 'names no schema'],
  [{ $ref: '#' }, 'leads back to itself'],
  [{ $defs: { a: { anyOf: [{ $ref: '#/$defs/a' }, {}] } }, $ref: '#/$defs/a' }, 'leads back'],
  [{ minItems: 3, maxItems: 2 }, 'minItems and maxItems'],
  [{ minItems: 65 }, 'at minItems'],
  [{ prefixItems: [{}], minItems: 2 }, 'as many items as prefixItems'],
  [{ minLength: 3, maxLength: 2 }, 'minLength and maxLength'],
  [{ minLength: 1001 }, 'at minLength'],
  [{ type: 'integer', minimum: 0.2, maximum: 0.8 }, 'no number'],
  [{ type: 'number', minimum: 2, exclusiveMaximum: 2 }, 'no number'],
  [nested(64), 'nest 64 deep'],
  [{ enum: Array.from({ length: 2048 }, (_, index) => index) }, 'hold 2048 values'],
  [{ const: 'a'.repeat(64 * 1024) }, '65536 bytes'],
]

it.each(refused)('%.80j is refused, and told why', (schema, why) => {
  expect(readSchema(schema)).toEqual({ ok: false, message: expect.stringContaining(why) })
})

it('takes what says nothing of a form, and schemas that lead back to themselves through a value', () => {
  const tree = { type: 'object', properties: { child: { $ref: '#' } } }
  for (const schema of [{}, { title: 'a', default: 1, examples: [2] }, tree]) {
    expect(readSchema(schema)).toMatchObject({ ok: true })
  }
})

it.each([
  [{ minimum: 3, maximum: 5 }, true, [3, 4, 5]],
  [{ exclusiveMinimum: 3, exclusiveMaximum: 5 }, true, [4]],
  [{ minimum: 2, maximum: 2 }, false, [2]],
  [{}, true, undefined],
  [{ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }, true, undefined],
])('the numbers that %j allows (whole: %s) are %j', (schema, whole, numbers) => {
  expect(numbersWithin(schema, whole)?.toSorted()).toEqual(numbers)
})

describe('a request', () => {
  const messages = [{ role: 'user', content: 'Hi' }]
  const tool = (name: string, parameters?: object) => ({
    type: 'function',
    function: { name, parameters },
  })
  const bad = { type: 'string', pattern: 'a' }
  const faultOf = (body: object) => {
    const parsed = parseChatRequest({ messages, ...body })
    return parsed.ok ? undefined : parsed.fault
  }

  it.each([
    [{ response_format: { type: 'xml' } }, 'response_format.type'],
    [
      { response_format: { type: 'json_schema', json_schema: { schema: bad } } },
      'response_format.json_schema.schema',
    ],
    [
      { tools: [tool('a'), tool('b', bad)], tool_choice: 'required' },
      'tools.1.function.parameters',
    ],
    [{ tools: [tool('a b')] }, 'tools.0.function.name'],
    [{ tool_choice: 'required' }, 'tool_choice'],
    [
      { tools: [tool('a')], tool_choice: { type: 'function', function: { name: 'b' } } },
      'tool_choice',
    ],
    [{ tool_choice: 'maybe' }, 'tool_choice'],
    [
      { tools: [tool('a')], tool_choice: 'required', response_format: { type: 'json_object' } },
      'response_format',
    ],
  ])('%j is refused in one sentence that names the field', (body, param) => {
    const fault = faultOf(body)
    expect(fault).toMatchObject({ code: 'invalid_value', param })
    expect(fault?.message).toMatch(/^[A-Z].*\.$/)
  })

  it('may bring tools of any schema where none must be called', () => {
    expect(faultOf({ tools: [tool('a', bad)] })).toBeUndefined()
    expect(faultOf({ tools: [tool('a', bad)], tool_choice: 'none' })).toBeUndefined()
  })

  it('shows its tools and its calls to the model', () => {
    const call = { function: { name: 'a', arguments: '{}' } }
    const turns = [...messages, { role: 'assistant', tool_calls: [call] }]
    expect(parseChatRequest({ messages: turns, tools: [tool('a', {})] })).toMatchObject({
      job: {
        promptText:
          '{"type":"function","function":{"name":"a","parameters":{}}}' +
          '[user]Hi\n[assistant]\n[assistant]{"name": "a", "arguments": {}}\n[assistant]',
      },
    })
  })
})
