/**
 * What each route that changes something is about, for the audit: the kind of its subject, where a
 * request names it, and whether doing the same again is the same as doing it once. A route that
 * changes something cannot be registered without a row here.
 */
import type { AdminRoute } from './roles.ts'

/** Every route but those that only look. */
export type ChangingRoute = Exclude<AdminRoute, `GET ${string}` | 'POST /admin/route-explain'>

export type SubjectKind =
  | 'account'
  | 'adjustment'
  | 'incident'
  | 'job'
  | 'join_code'
  | 'key'
  | 'model'
  | 'node'
  | 'operator_key'
  | 'payout'
  | 'platform_account'
  | 'reference'
  | 'rollout'

/** Undefined where there is none of that id, or nothing to be shown of its kind. */
export type ViewSubject = (kind: SubjectKind, id: string) => Promise<object | undefined>

export type Change = {
  readonly subject: SubjectKind
  /** Where its id stands: in the path, in a field of the body, or in a field of the reply. */
  readonly named: 'by path' | { readonly inBody: string } | { readonly inReply: string }
  /**
   * True where a repetition changes nothing more: it names a reference, or says how things shall be. Only
   * such a change may be made again while nobody knows how the first one ended.
   */
  readonly isRepeatable: boolean
  /** Fields of the body that viewers of the audit must not read; their digests are recorded. */
  readonly hidden?: readonly string[]
}

const made = (subject: SubjectKind, inReply = 'id'): Change => ({
  subject,
  named: { inReply },
  isRepeatable: false,
})
const madeByReference = (subject: SubjectKind): Change => ({
  subject,
  named: { inReply: 'id' },
  isRepeatable: true,
})
const set = (subject: SubjectKind, inBody?: string): Change => ({
  subject,
  named: inBody === undefined ? 'by path' : { inBody },
  isRepeatable: true,
})

export const changes = {
  'POST /admin/accounts': made('account'),
  'PATCH /admin/accounts/:id': set('account'),
  'POST /admin/accounts/:id/credits': set('account'),
  'POST /admin/accounts/:id/refunds': set('account'),
  'POST /admin/accounts/:id/adjustments': set('account'),
  'POST /admin/adjustments/:id/approve': set('adjustment'),
  'POST /admin/keys': made('key'),
  'PATCH /admin/keys/:id': set('key'),
  // Once more would be another secret.
  'POST /admin/keys/:id/rotate': { ...set('key'), isRepeatable: false },
  'DELETE /admin/keys/:id': set('key'),
  'POST /admin/operator-keys': made('operator_key'),
  'DELETE /admin/operator-keys/:id': set('operator_key'),
  'POST /admin/join-codes': made('join_code', 'owner_id'),
  'POST /admin/nodes/:id/approve': set('node'),
  'POST /admin/nodes/:id/suspend': set('node'),
  'POST /admin/nodes/:id/retire': set('node'),
  'POST /admin/nodes/:id/jobs': madeByReference('job'),
  'POST /admin/jobs/:id/cancel': set('job'),
  'POST /admin/rollouts': madeByReference('rollout'),
  'POST /admin/deployments/disable': set('node', 'node_id'),
  'POST /admin/deployments/enable': set('node', 'node_id'),
  'POST /admin/deployments/clear-verdict': set('node', 'node_id'),
  'PUT /admin/references': { ...set('reference', 'artifact_digest'), hidden: ['readings'] },
  'PUT /admin/platform-account': set('platform_account', 'account_id'),
  'PUT /admin/models': set('model', 'id'),
  'POST /admin/payouts/:id/:period/confirm': set('payout'),
  'POST /admin/incidents': made('incident'),
  'POST /admin/incidents/:id/resolve': set('incident'),
} as const satisfies Readonly<Record<ChangingRoute, Change>>
