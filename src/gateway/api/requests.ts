/** What became of requests: receipts, and the way to stop one. */
import * as z from 'zod'
import { type EndpointTable, json } from '../../http/endpoint.ts'
import { Usd } from '../../http/wire-fields.ts'
import { HoldId, Sha256Hex } from '../../protocol/ids.ts'
import { ReceiptView } from '../../protocol/receipt.ts'
import type { ReplyHeader } from '../reply-header-names.ts'
import type { GatewayAuth } from './auth.ts'
import { always, scoped } from './error-codes.ts'

export const Receipt = z.strictObject(ReceiptView.omit({ salt: true }).shape)

export const Cancellation = z.strictObject({
  object: z.literal('request.cancellation'),
  request_id: HoldId,
  status: z
    .enum(['cancelling', 'cancelled', 'finished'])
    .describe('`cancelling`: not ended yet. `finished`: it ended by itself meanwhile.'),
  receipt_hash: Sha256Hex.optional(),
  cost_usd: Usd.optional(),
})

export const requestEndpoints = {
  'GET /v1/receipts/:hash': {
    operationId: 'showReceipt',
    tag: 'Receipts',
    summary: 'Show a receipt',
    does: "By the gateway's hash or the node's. Anyone who has a hash may see the public part; a key of the account that paid sees `private` as well.",
    auth: 'optional',
    path: { hash: Sha256Hex },
    answer: json(Receipt),
    errors: [...always, 'receipt_not_found'],
  },
  'POST /v1/requests/:id/cancel': {
    operationId: 'cancelRequest',
    tag: 'Inference',
    summary: 'Stop a running request',
    does: 'By the key that sent it. What was delivered until then is settled; the answer waits up to 4 s for that.',
    auth: 'inference',
    path: { id: HoldId.describe('`x-request-id` of the reply.') },
    answer: json(Cancellation),
    errors: [...scoped, 'request_not_found', 'already_finished'],
  },
} as const satisfies EndpointTable<GatewayAuth, ReplyHeader>
