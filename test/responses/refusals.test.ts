import { describe, expect, test } from 'vitest'
import { checkValue } from '../../src/http/read-json.ts'
import { ResponsesRequest } from '../../src/protocol/responses-request.ts'
import { toChatRequest } from '../../src/responses/to-chat.ts'

const image = 'data:image/png;base64,AAAA'
const weather = { type: 'function', name: 'weather' }

describe('what may not be asked is refused by name', () => {
  const message = (part: object) => ({ input: [{ role: 'user', content: [part] }] })
  test.each<[string, string, object]>([
    ['previous_response_id', 'unsupported_parameter', { previous_response_id: 'resp_1' }],
    ['input', 'invalid_value', { input: [{ type: 'reasoning', summary: [] }] }],
    ['input', 'invalid_value', { input: [] }],
    ['conversation', 'unsupported_parameter', { conversation: { id: 'conv_1' } }],
    ['prompt', 'unsupported_parameter', { prompt: { id: 'pmpt_1' } }],
    ['moderation', 'unsupported_parameter', { moderation: { model: 'm' } }],
    ['background', 'unsupported_parameter', { background: true }],
    ['truncation', 'unsupported_parameter', { truncation: 'auto' }],
    [
      'context_management',
      'unsupported_parameter',
      { context_management: [{ type: 'compaction' }] },
    ],
    ['max_tool_calls', 'unsupported_parameter', { max_tool_calls: 1, tools: [weather] }],
    ['tools.1.type', 'unsupported_parameter', { tools: [weather, { type: 'web_search' }] }],
    ['tool_choice.type', 'unsupported_parameter', { tool_choice: { type: 'file_search' } }],
    [
      'tool_choice.tools.0.name',
      'invalid_value',
      { tool_choice: { type: 'allowed_tools', tools: [{ type: 'function', name: 'news' }] } },
    ],
    ['top_logprobs', 'invalid_value', { top_logprobs: 2 }],
    ['include.0', 'invalid_value', { include: ['logprobs'] }],
    ['input.0.type', 'unsupported_parameter', { input: [{ type: 'item_reference', id: 'msg_1' }] }],
    ['input.0.type', 'unsupported_parameter', { input: [{ type: 'web_search_call', id: 'ws_1' }] }],
    [
      'input.0.content.0.type',
      'unsupported_parameter',
      message({ type: 'input_file', file_id: 'f' }),
    ],
    [
      'input.0.content.0.file_id',
      'unsupported_parameter',
      message({ type: 'input_image', file_id: 'file_1' }),
    ],
    [
      'input.0.content.0.image_url',
      'invalid_value',
      message({ type: 'input_image', image_url: 'https://example.com/a.png' }),
    ],
    ['input.0.content.0.image_url', 'missing_required_parameter', message({ type: 'input_image' })],
    [
      'input.0.output.0.type',
      'unsupported_parameter',
      {
        input: [
          {
            type: 'function_call_output',
            call_id: 'a',
            output: [{ type: 'input_image', image_url: image }],
          },
        ],
      },
    ],
    [
      'input.128',
      'invalid_value',
      {
        input: Array.from({ length: 129 }, (_, at) => ({
          type: 'function_call',
          call_id: `${at}`,
          name: 'weather',
          arguments: '{}',
        })),
      },
    ],
    ['seed', 'unsupported_parameter', { seed: 7, provider: { require_parameters: true } }],
    ['input', 'missing_required_parameter', { input: undefined }],
    ['input.0.role', 'missing_required_parameter', { input: [{ id: 'msg_1' }] }],
    [
      'input.0.output',
      'missing_required_parameter',
      { input: [{ type: 'function_call_output', call_id: 'a' }] },
    ],
    [
      'text.format.schema',
      'missing_required_parameter',
      { text: { format: { type: 'json_schema', name: 'a' } } },
    ],
    [
      'tools.0.name',
      'missing_required_parameter',
      { tools: [{ type: 'function', function: { name: 'a' } }] },
    ],
  ])('%s: %s', (param, code, body) => {
    const read = checkValue({ model: 'm', input: 'Hi.', ...body }, ResponsesRequest)
    const chat = read.ok ? toChatRequest(read.value) : read
    expect(chat).toMatchObject({ ok: false, error: { param, code } })
    expect(!chat.ok && chat.error.message).toMatch(new RegExp(`^${param}.+\\.$`))
  })
})
