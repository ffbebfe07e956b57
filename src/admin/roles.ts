/**
 * Who may do what: every route of the surface with the least role that may call it. Routes are
 * registered from this table, so one without a role cannot exist.
 */
import { OperatorRole } from '../protocol/account.ts'

export const leastRole = {
  'POST /admin/accounts': 'support',
  'GET /admin/accounts': 'viewer',
  'GET /admin/accounts/:id': 'viewer',
  'PATCH /admin/accounts/:id': 'operator',
  'POST /admin/accounts/:id/credits': 'operator',
  'POST /admin/accounts/:id/refunds': 'operator',
  'POST /admin/accounts/:id/adjustments': 'operator',
  'GET /admin/accounts/:id/entries': 'viewer',
  'GET /admin/adjustments/:id': 'viewer',
  'POST /admin/adjustments/:id/approve': 'operator',
  'POST /admin/keys': 'support',
  'GET /admin/keys': 'viewer',
  'GET /admin/keys/:id': 'viewer',
  'PATCH /admin/keys/:id': 'support',
  'POST /admin/keys/:id/rotate': 'support',
  'DELETE /admin/keys/:id': 'support',
  'POST /admin/join-codes': 'support',
  'GET /admin/nodes': 'viewer',
  'GET /admin/nodes/:id': 'viewer',
  'GET /admin/nodes/:id/earnings': 'viewer',
  'GET /admin/nodes/:id/reputation': 'viewer',
  'POST /admin/nodes/:id/approve': 'operator',
  'POST /admin/nodes/:id/suspend': 'operator',
  'POST /admin/nodes/:id/retire': 'operator',
  'POST /admin/nodes/:id/jobs': 'operator',
  'GET /admin/nodes/:id/jobs': 'viewer',
  'GET /admin/jobs/:id': 'viewer',
  'POST /admin/jobs/:id/cancel': 'operator',
  'POST /admin/rollouts': 'operator',
  'GET /admin/rollouts': 'viewer',
  'GET /admin/rollouts/:id': 'viewer',
  'GET /admin/deployments': 'viewer',
  'POST /admin/deployments/disable': 'operator',
  'POST /admin/deployments/enable': 'operator',
  'POST /admin/deployments/clear-verdict': 'operator',
  'GET /admin/references': 'viewer',
  'PUT /admin/references': 'operator',
  'PUT /admin/platform-account': 'operator',
  'GET /admin/models': 'viewer',
  'PUT /admin/models': 'operator',
  'GET /admin/payouts': 'viewer',
  'POST /admin/payouts/:id/:period/confirm': 'operator',
  'GET /admin/spend': 'viewer',
  'GET /admin/audit': 'viewer',
  'GET /admin/audit/:id': 'viewer',
  'GET /admin/incidents': 'viewer',
  'POST /admin/incidents': 'operator',
  'GET /admin/incidents/:id': 'viewer',
  'POST /admin/incidents/:id/resolve': 'operator',
  'POST /admin/route-explain': 'viewer',
  'POST /admin/operator-keys': 'owner',
  'GET /admin/operator-keys': 'owner',
  'DELETE /admin/operator-keys/:id': 'owner',
} as const satisfies Readonly<Record<string, OperatorRole>>

export type AdminRoute = keyof typeof leastRole

/** Roles from the least to the most; each may do all that those before it may. */
const rising = OperatorRole.options

export function allows(role: OperatorRole, least: OperatorRole): boolean {
  return rising.indexOf(role) >= rising.indexOf(least)
}
