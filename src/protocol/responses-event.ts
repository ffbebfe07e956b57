/**
 * The events of a streamed response. Each is one frame whose `event:` is the `type` in its data, numbered
 * from 0; items and parts are opened, grown by deltas and closed, and one terminal event has it all.
 */
import * as z from 'zod'
import { OutputItem, OutputPart, TokenLogprob } from './responses-item.ts'
import { ResponseObject } from './responses-object.ts'

const index = z.int().min(0)
const sequence_number = index

const lifecycle = <T extends string>(type: T) =>
  z.strictObject({ type: z.literal(type), sequence_number, response: ResponseObject })

const ofItem = <T extends string>(type: T) =>
  z.strictObject({ type: z.literal(type), sequence_number, output_index: index, item: OutputItem })

const inItem = { sequence_number, item_id: z.string(), output_index: index }
const inPart = { ...inItem, content_index: index }

const ofPart = <T extends string>(type: T) =>
  z.strictObject({ type: z.literal(type), ...inPart, part: OutputPart })

const delta = <T extends string>(type: T) =>
  z.strictObject({ type: z.literal(type), ...inPart, delta: z.string() })

const logprobs = z.array(TokenLogprob)

/** A failure before any content: it is the request that failed, and not its answer. */
const ErrorEvent = z.strictObject({
  type: z.literal('error'),
  sequence_number,
  code: z.string(),
  message: z.string(),
  param: z.string().nullable(),
  error: z
    .looseObject({ type: z.string(), code: z.string(), message: z.string() })
    .describe('The error object as a reply of its own would have had it.'),
})

export const ResponsesEvent = z.discriminatedUnion('type', [
  lifecycle('response.created'),
  lifecycle('response.in_progress'),
  lifecycle('response.completed'),
  lifecycle('response.incomplete'),
  lifecycle('response.failed'),
  ErrorEvent,
  ofItem('response.output_item.added'),
  ofItem('response.output_item.done'),
  ofPart('response.content_part.added'),
  ofPart('response.content_part.done'),
  delta('response.output_text.delta').extend({ logprobs }),
  z.strictObject({
    type: z.literal('response.output_text.done'),
    ...inPart,
    text: z.string(),
    logprobs,
  }),
  delta('response.refusal.delta'),
  z.strictObject({ type: z.literal('response.refusal.done'), ...inPart, refusal: z.string() }),
  delta('response.reasoning_text.delta'),
  z.strictObject({ type: z.literal('response.reasoning_text.done'), ...inPart, text: z.string() }),
  z.strictObject({
    type: z.literal('response.function_call_arguments.delta'),
    ...inItem,
    delta: z.string(),
  }),
  z.strictObject({
    type: z.literal('response.function_call_arguments.done'),
    ...inItem,
    arguments: z.string(),
  }),
])
export type ResponsesEvent = z.infer<typeof ResponsesEvent>
