/** Operators themselves: their keys, what they paused, and the record of what they changed. */
import * as z from 'zod'
import { json } from '../../http/endpoint.ts'
import { Time } from '../../http/wire-fields.ts'
import { IncidentScope } from '../../incidents/incident.ts'
import { OperatorRole } from '../../protocol/account.ts'
import { AuditId, IncidentId, KeyId } from '../../protocol/ids.ts'
import { AuditQuery } from '../audit.ts'
import { IncidentDraft, IncidentQuery } from '../incidents.ts'
import { OperatorKeyDraft, OperatorKeyQuery } from '../operator-keys.ts'
import { type AdminRow, acted, change, looked, pageOf, recorded, shownOnce, taken } from './row.ts'

const operatorKeyFields = {
  object: z.literal('operator_key'),
  id: KeyId,
  name: z.string(),
  role: OperatorRole,
}
const status = z.enum(['active', 'revoked'])

export const OperatorKey = z.strictObject({ ...operatorKeyFields, status })
export const OperatorKeyWithSecret = z.strictObject({
  ...operatorKeyFields,
  status: status.optional(),
  ...shownOnce,
})

export const Incident = z.strictObject({
  object: z.literal('incident'),
  id: IncidentId,
  scope: IncidentScope,
  reason: z.string(),
  state: z.enum(['active', 'resolved', 'expired']),
  expires_at: Time,
  opened_by: z.string(),
  opened_at: Time,
  resolved_by: z.string().nullable(),
  resolved_at: Time.nullable(),
})

const document = z.json().describe('Without secrets; of a long one its size and digest.')

export const AuditRecord = z.strictObject({
  object: z.literal('audit_record'),
  id: AuditId,
  at: Time,
  by: z.strictObject({ key_id: z.string(), name: z.string(), role: OperatorRole }),
  route: z.string(),
  path: z.string(),
  subject: z.strictObject({ kind: z.string(), id: z.string().nullable() }),
  request: document,
  before: document,
  after: document,
  state: z.enum(['begun', 'ended']).describe('`begun`: it runs, or a crash left it so.'),
  outcome: z
    .string()
    .nullable()
    .describe(
      '`done`, the code of the refusal, or `unknown`: it may stand, `after` shows what is there.',
    ),
  ended_at: Time.nullable(),
  request_id: z.string(),
  idempotency_key_hash: z.string().nullable(),
})

export const operatorRows = {
  'POST /admin/operator-keys': {
    ...change,
    operationId: 'createOperatorKey',
    tag: 'Operators',
    summary: "Make an operator's key",
    does: 'The secret is shown in this reply alone.',
    body: json(OperatorKeyDraft),
    answer: json(OperatorKeyWithSecret),
    errors: [...taken, 'state_conflict'],
  },
  'GET /admin/operator-keys': {
    operationId: 'listOperatorKeys',
    tag: 'Operators',
    summary: "List the operators' keys",
    does: 'Without their secrets, which nobody has.',
    query: OperatorKeyQuery,
    answer: json(pageOf(OperatorKey)),
    errors: looked,
  },
  'DELETE /admin/operator-keys/:id': {
    ...change,
    operationId: 'revokeOperatorKey',
    tag: 'Operators',
    summary: "Revoke an operator's key",
    does: 'It admits nobody any more when this returns. The last owner stays.',
    path: { id: KeyId },
    answer: json(OperatorKey),
    errors: [...acted, 'key_not_found', 'state_conflict'],
  },
  'GET /admin/incidents': {
    operationId: 'listIncidents',
    tag: 'Operators',
    summary: 'List the incidents',
    does: 'Newest first, ended ones included.',
    query: IncidentQuery,
    answer: json(pageOf(Incident)),
    errors: looked,
  },
  'POST /admin/incidents': {
    ...change,
    operationId: 'openIncident',
    tag: 'Operators',
    summary: 'Pause part of the market',
    does: 'A route class, a model, a node, an owner, a customer, payouts or everything, until it is resolved or expires. Gateways honour it within 5 s; requests that run go on.',
    body: json(IncidentDraft),
    answer: json(Incident),
    errors: [...taken, 'state_conflict'],
  },
  'GET /admin/incidents/:id': {
    operationId: 'showIncident',
    tag: 'Operators',
    summary: 'Show an incident',
    does: 'Who opened it and why, until when it holds and who resolved it.',
    path: { id: IncidentId },
    answer: json(Incident),
    errors: [...looked, 'incident_not_found'],
  },
  'POST /admin/incidents/:id/resolve': {
    ...change,
    operationId: 'resolveIncident',
    tag: 'Operators',
    summary: 'End an incident before its time',
    does: 'Doing it again is no error.',
    path: { id: IncidentId },
    answer: json(Incident),
    errors: [...acted, 'incident_not_found', 'state_conflict'],
  },
  'GET /admin/audit': {
    operationId: 'listAudit',
    tag: 'Operators',
    summary: 'List who changed what',
    does: 'Newest first. Filters apply within what a page reads: a page may be short or empty, and `next` goes on.',
    query: AuditQuery,
    answer: json(pageOf(AuditRecord)),
    errors: looked,
  },
  'GET /admin/audit/:id': {
    operationId: 'showAudit',
    tag: 'Operators',
    summary: 'Show one change',
    does: 'The request, and its subject before and after.',
    path: { id: AuditId },
    answer: json(AuditRecord),
    errors: [...looked, 'audit_record_not_found'],
  },
} as const satisfies Readonly<Record<string, AdminRow>>

/** Of another app with an address of its own, which AWS or a token guards. */
export const bootstrapRow = {
  ...change,
  takes: change.takes.extend({ 'X-B3IQ-Bootstrap-Token': z.string().optional() }),
  operationId: 'bootstrap',
  tag: 'Operators',
  summary: 'Make the first owner key',
  does: 'Once. On AWS it has an address of its own that admits callers by IAM; on a laptop a token in `X-B3IQ-Bootstrap-Token` stands in for that.',
  answer: json(OperatorKeyWithSecret),
  errors: [
    'internal_error',
    'invalid_operator_key',
    'invalid_value',
    ...recorded,
    'already_bootstrapped',
  ],
} as const satisfies AdminRow
