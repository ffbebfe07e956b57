import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { allows, leastRole } from '../../src/admin/roles.ts'
import { OperatorRole } from '../../src/protocol/account.ts'
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts'

let plane: ControlPlane
beforeAll(async () => {
  plane = await startControlPlane()
})
afterAll(() => plane.stop())

const routes = Object.entries(leastRole).map(([route, least]) => {
  const [method = '', path = ''] = route.split(' ')
  return { route, method, path: path.replace('/admin', '').replace(':id', 'nobody'), least }
})

test('every route of the table is served, and nothing else is', () => {
  const served = plane
    .adminOf({})
    .routes.filter((route) => route.method !== 'ALL')
    .map((route) => `${route.method} ${route.path}`)
  expect(served.sort()).toEqual(Object.keys(leastRole).sort())
})

test('roles rise from viewer to owner, and each may do what those before it may', () => {
  expect(OperatorRole.options).toEqual(['viewer', 'support', 'operator', 'owner'])
  expect(allows('operator', 'support')).toBe(true)
  expect(allows('support', 'support')).toBe(true)
  expect(allows('viewer', 'support')).toBe(false)
})

test('what moves money, machines or prices needs an operator', () => {
  const needOperator = routes.flatMap(({ route, least }) => (least === 'operator' ? [route] : []))
  expect(needOperator).toEqual([
    'PATCH /admin/accounts/:id',
    'POST /admin/accounts/:id/credits',
    'POST /admin/accounts/:id/refunds',
    'POST /admin/accounts/:id/adjustments',
    'POST /admin/adjustments/:id/approve',
    'POST /admin/nodes/:id/approve',
    'POST /admin/nodes/:id/suspend',
    'POST /admin/nodes/:id/retire',
    'POST /admin/nodes/:id/jobs',
    'POST /admin/jobs/:id/cancel',
    'POST /admin/rollouts',
    'POST /admin/deployments/disable',
    'POST /admin/deployments/enable',
    'POST /admin/deployments/clear-verdict',
    'PUT /admin/references',
    'PUT /admin/platform-account',
    'PUT /admin/models',
    'POST /admin/payouts/:id/:period/confirm',
    'POST /admin/incidents',
    'POST /admin/incidents/:id/resolve',
  ])
})

test('who operates is for owners alone to say', () => {
  const needOwner = routes.flatMap(({ route, least }) => (least === 'owner' ? [route] : []))
  expect(needOwner).toEqual([
    'POST /admin/operator-keys',
    'GET /admin/operator-keys',
    'DELETE /admin/operator-keys/:id',
  ])
})

describe('each route asks for its role before anything else', () => {
  test.each(routes)('$route', async ({ method, path, least }) => {
    const rank = OperatorRole.options.indexOf(least)
    for (const role of OperatorRole.options) {
      const body = method === 'GET' ? undefined : {}
      const { status, error } = await plane.operate(method, path, body, plane.operatorKey(role))
      if (OperatorRole.options.indexOf(role) < rank) {
        expect([status, error.code, error.least_role]).toEqual([403, 'missing_role', least])
      } else {
        expect([401, 403, 500]).not.toContain(status)
      }
    }
  })
})

describe('one answer for every way not to be an operator', () => {
  const refused = { status: 401, error: { code: 'invalid_operator_key' } }

  test.each([
    ['a customer key', () => `sk-b3iq-p1-${'A'.repeat(43)}`],
    ['an unknown key', () => `op-b3iq-p1-${'A'.repeat(43)}`],
    ['a key of an unknown pepper', () => plane.operatorKey('owner').replace('-p1-', '-p2-')],
    ['a revoked key', () => plane.operatorKey('owner', 'revoked')],
    ['nothing', () => ''],
  ])('%s', async (_, key) => {
    expect(await plane.operate('GET', '/accounts', undefined, key())).toMatchObject(refused)
  })

  test('also where there is no header at all', async () => {
    const response = await plane.adminOf({}).request('/admin/accounts')
    expect(response.status).toBe(401)
  })
})

test('a change leaves a line that names the operator and the outcome', async () => {
  await plane.operate('POST', '/accounts', { name: 'Audited Ltd' })
  const line = plane.logLines().findLast((one) => one.includes('operator_change'))
  expect(JSON.parse(line ?? '{}')).toMatchObject({
    route: 'POST /admin/accounts',
    by: expect.stringMatching(/^key_/),
    outcome: 'done',
  })
  expect(line).not.toContain('Audited Ltd')
})

test('another method on a path is refused with those it has', async () => {
  const reply = await plane.operate('PUT', '/keys')
  expect(reply).toMatchObject({ status: 405, error: { code: 'method_not_allowed' } })
  expect(reply.headers.get('allow')).toContain('POST')
})
