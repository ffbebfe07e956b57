/** The row of the Responses API. */
import { type Contents, type EndpointTable, json } from '../../http/endpoint.ts'
import { ResponsesEvent } from '../../protocol/responses-event.ts'
import { ResponseObject } from '../../protocol/responses-object.ts'
import { ResponsesRequest } from '../../protocol/responses-request.ts'
import { priced, type ReplyHeader, routed } from '../reply-header-names.ts'
import type { GatewayAuth } from './auth.ts'
import { paid } from './error-codes.ts'
import * as examples from './examples/responses.ts'
import { PaidRequestHeaders } from './headers.ts'
import { B3iqSummary } from './summary.ts'

/** Of a response that has ended well enough to be a reply of its own. */
export const EndedResponse = ResponseObject.extend({ b3iq: B3iqSummary })

const answer: Contents = {
  'application/json': { schema: EndedResponse, examples: { text: examples.answer } },
  'text/event-stream': { schema: ResponsesEvent, examples: { delta: examples.delta } },
}

export const responsesEndpoints = {
  'POST /v1/responses': {
    operationId: 'createResponse',
    tag: 'Inference',
    summary: 'Make a response',
    does: 'The Responses API by the Open Responses specification, over any model that chats. Nothing is stored: what a conversation needs is in `input`, and fields that refer to stored responses, prompts or files are refused. A stream is made of typed events, numbered from 0, and ends with `data: [DONE]`.',
    auth: 'inference',
    takes: PaidRequestHeaders,
    body: json(ResponsesRequest, { text: examples.request }),
    answer,
    headers: [...routed, ...priced],
    errors: paid,
  },
} as const satisfies EndpointTable<GatewayAuth, ReplyHeader>
