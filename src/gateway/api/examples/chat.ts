/** Of the document: a chat request and its answer. Tests parse every example by its schema. */
import type { Example } from '../../../http/endpoint.ts'

export const summary = {
  receipt_hash: '5f0a6b1e6a1f0f2e9a4d3c2b1a09f8e7d6c5b4a3928170605f4e3d2c1b0a9f8e',
  node_receipt_hash: 'a9f8e7d6c5b4a3928170605f4e3d2c1b0a9f8e5f0a6b1e6a1f0f2e9a4d3c2b1a',
  request_id: '01KAGZ3N9V7Q4T2M8R6W5X0Y1B',
  cost_usd: '0.000015',
  benchmark_cost_usd: '0.00006',
  saved_usd: '0.000045',
  salt: 'mZ0bq1v3Xn5pR7tK9wLcDA',
  retries: 0,
  stopped_by: null,
  route_tier: 'network_beta',
  trust_tier: 'T1',
  usage: {
    prompt_tokens: 9,
    completion_tokens: 3,
    total_tokens: 12,
    prompt_tokens_details: { cached_tokens: 0 },
  },
} as const

const head = { id: `chatcmpl-${summary.request_id}`, created: 1_763_700_000, model: 'maker/model' }

export const request: Example = {
  summary: 'A question',
  value: {
    model: 'maker/model',
    messages: [{ role: 'user', content: 'Say hello.' }],
    max_tokens: 64,
  },
}

export const toolRequest: Example = {
  summary: 'With a tool, a highest price and a region',
  value: {
    model: 'maker/model',
    messages: [{ role: 'user', content: 'What is the weather in Oslo?' }],
    tools: [
      {
        type: 'function',
        function: {
          name: 'weather',
          parameters: { type: 'object', properties: { city: { type: 'string' } } },
        },
      },
    ],
    provider: { max_price: { prompt: 1, completion: 2 }, region: ['eu'] },
  },
}

export const answer: Example = {
  summary: 'An answer',
  value: {
    ...head,
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'Hello!', refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: summary.usage,
    b3iq: summary,
  },
}

const chunk = (choice: object, more: object = {}) => ({
  ...head,
  object: 'chat.completion.chunk',
  choices: [{ index: 0, ...choice }],
  ...more,
})

export const firstChunk: Example = {
  summary: 'Data of the first event',
  value: chunk({ delta: { role: 'assistant', content: '' }, finish_reason: null }),
}

export const lastChunk: Example = {
  summary: 'Data of the last event before [DONE]',
  value: chunk({ delta: {}, finish_reason: 'stop' }, { b3iq: summary }),
}

export const failedChunk: Example = {
  summary: 'Data of the last event where the host failed after its first content',
  value: chunk(
    { delta: { content: '' }, finish_reason: 'error' },
    {
      error: {
        message: 'The host broke off its answer. What it had delivered is billed.',
        type: 'server_error',
        param: null,
        code: 'upstream_error',
        request_id: summary.request_id,
        retryable: false,
        status: 502,
      },
      b3iq: summary,
    },
  ),
}
