/** Which surfaces have a document, and what it says of itself. */
import { adminEndpoints, bootstrapEndpoints } from '../src/admin/api/endpoints.ts'
import {
  type AdminAuth,
  adminReplyHeaders,
  everyAdminError,
  everyAdminReply,
} from '../src/admin/api/row.ts'
import { adminSchemas } from '../src/admin/api/schemas.ts'
import type { GatewayAuth } from '../src/gateway/api/auth.ts'
import { gatewayEndpoints } from '../src/gateway/api/endpoints.ts'
import { ofLimits } from '../src/gateway/api/error-codes.ts'
import { replyHeaders } from '../src/gateway/api/headers.ts'
import { requestNotes } from '../src/gateway/api/request-notes.ts'
import { gatewaySchemas } from '../src/gateway/api/schemas.ts'
import { everyError, everyReply, limited } from '../src/gateway/reply-header-names.ts'
import { ingestEndpoints } from '../src/ingest/api/endpoints.ts'
import {
  everyIngestError,
  everyIngestReply,
  type IngestAuth,
  ingestReplyHeaders,
} from '../src/ingest/api/row.ts'
import { ingestSchemas } from '../src/ingest/api/schemas.ts'
import type { SurfaceSpec } from './openapi-document.ts'

const customerKey = 'customerKey'

const bearer = (description: string) => ({ type: 'http', scheme: 'bearer', description }) as const

export const gatewaySpec: SurfaceSpec<GatewayAuth> = {
  title: 'B3IQ',
  description:
    'An OpenAI-compatible inference gateway that sells the capacity of many independently owned GPU hosts. Replies may gain fields; errors are always JSON, with a stable `code`.',
  server: { url: '/', description: 'The gateway that serves this document.' },
  tags: [
    { name: 'Inference', description: 'Paid requests, routed to hosts.' },
    { name: 'Models', description: 'What is on sale.' },
    { name: 'Receipts', description: 'Signed evidence of what was served and charged.' },
    { name: 'Billing', description: "The customer's own money." },
    { name: 'Service', description: 'The service itself.' },
  ],
  endpoints: gatewayEndpoints,
  schemas: gatewaySchemas,
  notes: requestNotes,
  headers: replyHeaders,
  everyReply,
  everyError,
  kindHeader: 'x-b3iq-limit-kind',
  limitErrors: { codes: ofLimits, headers: limited },
  keySchemes: {
    [customerKey]: bearer('A key of a customer account: `Authorization: Bearer sk-b3iq-…`.'),
  },
  securityOf: (auth) => {
    switch (auth) {
      case 'none':
        return []
      case 'optional':
        return [{}, { [customerKey]: [] }]
      case 'any_key':
        return [{ [customerKey]: [] }]
      default:
        return [{ [customerKey]: [auth] }]
    }
  },
}

const operatorKey = 'operatorKey'
const iam = 'iam'

export const adminSpec: SurfaceSpec<AdminAuth> = {
  title: 'B3IQ, for operators',
  description:
    'Accounts, keys, nodes, jobs, the catalogue, incidents and money. Every change is recorded before it is made, and safe to send again with an `Idempotency-Key`. The description of an endpoint ends with the least role that may call it.',
  server: { url: '/', description: 'The address of the admin function.' },
  tags: [
    { name: 'Customers', description: 'Accounts, their money and their keys.' },
    { name: 'Fleet', description: 'Nodes and what they serve.' },
    { name: 'Jobs', description: 'Signed work that nodes are asked to do.' },
    { name: 'Market', description: 'What is sold, and what it is held against.' },
    { name: 'Money', description: 'What hosts earn, and what requests came to.' },
    { name: 'Operators', description: 'Operators, and what they pause and change.' },
  ],
  endpoints: Object.fromEntries(
    Object.entries({ ...adminEndpoints, ...bootstrapEndpoints }).map(([route, row]) => [
      route,
      { ...row, does: `${row.does} ${roleSentence(row.auth)}`.trim() },
    ]),
  ),
  schemas: adminSchemas,
  notes: {},
  headers: adminReplyHeaders,
  everyReply: everyAdminReply,
  everyError: everyAdminError,
  limitErrors: { codes: [], headers: [] },
  keySchemes: {
    [operatorKey]: bearer('A key of an operator: `Authorization: Bearer op-b3iq-…`.'),
    [iam]: {
      type: 'apiKey',
      in: 'header',
      name: 'Authorization',
      description: 'AWS Signature Version 4. On a laptop the token takes its place.',
    },
  },
  securityOf: (auth) => (auth === 'bootstrap' ? [{ [iam]: [] }] : [{ [operatorKey]: [auth] }]),
}

function roleSentence(auth: AdminAuth): string {
  return auth === 'bootstrap' ? '' : `Role: ${auth}.`
}

const nodeSignature = 'nodeSignature'

export const ingestSpec: SurfaceSpec<IngestAuth> = {
  title: 'B3IQ, for hosts',
  description:
    "What agents call. Requests are signed by the node's own key as RFC 9421 has it, with a tag for each endpoint; the signature covers method, path and the digest of the body.",
  server: { url: '/', description: 'The address of the ingest function.' },
  tags: [
    { name: 'Enrolment', description: 'How a machine becomes a node.' },
    { name: 'Service', description: 'How a node lives and works.' },
    { name: 'Earnings', description: 'What it earns, and what its past is worth.' },
  ],
  endpoints: ingestEndpoints,
  schemas: ingestSchemas,
  notes: {},
  headers: ingestReplyHeaders,
  everyReply: everyIngestReply,
  everyError: everyIngestError,
  limitErrors: { codes: [], headers: [] },
  keySchemes: {
    [nodeSignature]: {
      type: 'apiKey',
      in: 'header',
      name: 'Signature',
      description:
        'With `Signature-Input` and `Content-Digest`, as RFC 9421 and RFC 9530 have them.',
    },
  },
  securityOf: (auth) => (auth === 'none' ? [] : [{ [nodeSignature]: [] }]),
}
