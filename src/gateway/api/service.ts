/** What tells of the service itself, to anyone. */
import * as z from 'zod'
import { type EndpointTable, json } from '../../http/endpoint.ts'
import { PublishedKeys as Published, PublishedKey } from '../../protocol/published-keys.ts'
import type { ReplyHeader } from '../reply-header-names.ts'
import type { GatewayAuth } from './auth.ts'
import { always } from './error-codes.ts'

export const PublishedKeys = z.strictObject({
  ...Published.shape,
  keys: z.array(z.strictObject(PublishedKey.shape)),
})

const Health = z.strictObject({ status: z.literal('ok') })

export const serviceEndpoints = {
  'GET /v1/openapi.json': {
    operationId: 'showOpenApi',
    tag: 'Service',
    summary: 'This document',
    does: 'OpenAPI 3.1, generated from the schemas that requests and replies are checked by.',
    auth: 'none',
    answer: json(z.looseObject({ openapi: z.string() })),
    errors: always,
  },
  'GET /.well-known/b3iq/keys.json': {
    operationId: 'listPublicKeys',
    tag: 'Service',
    summary: 'The public keys that verify receipts, tickets and jobs',
    does: 'Past keys included, so that an old receipt can still be verified, and coming ones, so that nobody meets a new key unprepared. Each succession is a signature of a ticket root for another key.',
    auth: 'none',
    answer: json(PublishedKeys),
    errors: always,
  },
  'GET /healthz': {
    operationId: 'health',
    tag: 'Service',
    summary: 'Whether the process answers',
    does: 'Without any I/O: it says nothing of the ledger or of hosts.',
    auth: 'none',
    answer: json(Health),
    errors: always,
  },
} as const satisfies EndpointTable<GatewayAuth, ReplyHeader>
