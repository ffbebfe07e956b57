/** Of the document: texts and their vectors. */
import type { Example } from '../../../http/endpoint.ts'
import { summary } from './chat.ts'

export const request: Example = {
  summary: 'Two texts',
  value: { model: 'maker/embed', input: ['first text', 'second text'], encoding_format: 'float' },
}

const usage = {
  prompt_tokens: 6,
  completion_tokens: 0,
  total_tokens: 6,
  prompt_tokens_details: { cached_tokens: 0 },
}

export const answer: Example = {
  summary: 'Two vectors',
  value: {
    object: 'list',
    data: [
      { object: 'embedding', index: 0, embedding: [0.25, -0.5, 0.125] },
      { object: 'embedding', index: 1, embedding: [-0.75, 0.5, 0.375] },
    ],
    model: 'maker/embed',
    usage: { prompt_tokens: 6, total_tokens: 6 },
    b3iq: { ...summary, usage },
  },
}
