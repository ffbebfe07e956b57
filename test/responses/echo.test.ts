import { describe, expect, test } from 'vitest'
import { ResponseObject } from '../../src/protocol/responses-object.ts'
import { ResponsesRequest } from '../../src/protocol/responses-request.ts'
import { begunResponse } from '../../src/responses/echo.ts'
import { identity } from '../support/response-run.ts'

function echoOf(body: object): ResponseObject {
  const request = ResponsesRequest.parse({ model: 'maker/model', input: 'Hi.', ...body })
  return ResponseObject.parse(begunResponse(request, identity))
}

describe('the object', () => {
  test('repeats what was asked, and says the defaults of the specification for the rest', () => {
    const tool = { type: 'function', name: 'weather' }
    const asked = {
      instructions: 'Rhyme.',
      tools: [tool],
      tool_choice: { type: 'function', name: 'weather' },
      text: { format: { type: 'json_object' } },
      reasoning: { effort: 'low', summary: 'auto' },
      max_output_tokens: 64,
      temperature: 0,
      metadata: { a: 'b' },
      user: 'u',
      store: true,
      service_tier: 'auto',
    }
    expect(echoOf(asked)).toMatchObject({
      ...asked,
      tools: [{ ...tool, description: null, parameters: null, strict: null }],
      reasoning: { effort: 'low', summary: null },
      store: false,
      service_tier: 'default',
      top_p: 1,
      presence_penalty: 0,
      frequency_penalty: 0,
      top_logprobs: 0,
      parallel_tool_calls: true,
      truncation: 'disabled',
      previous_response_id: null,
      max_tool_calls: null,
      background: false,
    })
  })

  test('says of a schema what it has, and what it lacks', () => {
    const format = { type: 'json_schema', name: 'city', schema: { type: 'object' } }
    const { text } = echoOf({ text: { format, verbosity: 'low' } })
    expect(text).toEqual({ format: { ...format, description: null, strict: false } })
  })

  test('has the defaults where nothing was asked', () => {
    expect(echoOf({})).toMatchObject({
      instructions: null,
      tools: [],
      tool_choice: 'auto',
      text: { format: { type: 'text' } },
      reasoning: { effort: null, summary: null },
      temperature: 1,
      metadata: {},
      output: [],
      usage: null,
      status: 'in_progress',
    })
  })
})
