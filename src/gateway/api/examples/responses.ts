/** Of the document: a response as one object, and one of its events. */
import type { Example } from '../../../http/endpoint.ts'
import { summary } from './chat.ts'

export const request: Example = {
  summary: 'A question',
  value: { model: 'maker/model', instructions: 'Be brief.', input: 'Say hello.' },
}

const itemId = `msg_${summary.request_id}_0`

export const answer: Example = {
  summary: 'An answer',
  value: {
    id: `resp_${summary.request_id}`,
    object: 'response',
    created_at: 1_763_700_000,
    completed_at: 1_763_700_001,
    status: 'completed',
    error: null,
    incomplete_details: null,
    model: 'maker/model',
    output: [
      {
        type: 'message',
        id: itemId,
        status: 'completed',
        role: 'assistant',
        content: [{ type: 'output_text', text: 'Hello!', annotations: [], logprobs: [] }],
      },
    ],
    usage: {
      input_tokens: 9,
      input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
      output_tokens: 3,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 12,
    },
    instructions: 'Be brief.',
    tools: [],
    tool_choice: 'auto',
    parallel_tool_calls: true,
    max_tool_calls: null,
    text: { format: { type: 'text' } },
    reasoning: { effort: null, summary: null },
    max_output_tokens: null,
    temperature: 1,
    top_p: 1,
    presence_penalty: 0,
    frequency_penalty: 0,
    top_logprobs: 0,
    truncation: 'disabled',
    metadata: {},
    user: null,
    safety_identifier: null,
    prompt_cache_key: null,
    previous_response_id: null,
    store: false,
    background: false,
    service_tier: 'default',
    access_programs: null,
    b3iq: summary,
  },
}

export const delta: Example = {
  summary: 'Data of one event',
  value: {
    type: 'response.output_text.delta',
    sequence_number: 4,
    item_id: itemId,
    output_index: 0,
    content_index: 0,
    delta: 'Hello!',
    logprobs: [],
  },
}
