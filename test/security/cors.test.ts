// Pages of any origin may use the surfaces of customers and operators with a key; no page may use the hosts'.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { adminEndpoints } from '../../src/admin/api/endpoints.ts'
import { adminReplyHeaders } from '../../src/admin/api/row.ts'
import { gatewayEndpoints } from '../../src/gateway/api/endpoints.ts'
import { replyHeaders } from '../../src/gateway/api/headers.ts'
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts'
import { type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { type CalledEndpoint, callsOf } from './called-endpoints.ts'

let bench: GatewayBench
let plane: ControlPlane

beforeAll(async () => {
  ;[bench, plane] = await Promise.all([startGatewayBench(), startControlPlane()])
})
afterAll(() => Promise.all([bench.stop(), plane.stop()]))

const origin = 'https://evil.example.com'
const preflightOf = (method: string) => ({
  method: 'OPTIONS',
  headers: {
    origin,
    'access-control-request-method': method,
    'access-control-request-headers': 'authorization,content-type',
  },
})
const corsOf = ({ headers }: Response) =>
  [...headers.keys()].filter((name) => name.startsWith('access-control-'))

type Surface = {
  readonly appOf: () => Pick<ReturnType<GatewayBench['appOf']>, 'request'>
  readonly calls: readonly Pick<CalledEndpoint<unknown>, 'route' | 'method' | 'path'>[]
  readonly documented: readonly string[]
}
const surfaces: Readonly<Record<string, Surface>> = {
  customers: {
    appOf: () => bench.appOf(),
    calls: callsOf(gatewayEndpoints),
    documented: Object.keys(replyHeaders),
  },
  operators: {
    appOf: () => plane.adminOf({}),
    calls: callsOf(adminEndpoints),
    documented: Object.keys(adminReplyHeaders),
  },
}

describe.each(Object.entries(surfaces))('of the %s’ surface', (_, { appOf, calls, documented }) => {
  test.each(calls)('a preflight lets $route be called', async ({ method, path }) => {
    const { headers, status, body } = await appOf().request(path, preflightOf(method))
    expect([status, body]).toEqual([204, null])
    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect(headers.get('access-control-allow-methods')?.split(',')).toContain(method)
    expect(headers.get('access-control-allow-headers')).toBe('authorization,content-type')
    expect(headers.has('access-control-allow-credentials')).toBe(false)
  })

  test('a page may read the headers that are documented, and no others', async () => {
    for (const { method, path } of calls) {
      const { headers } = await appOf().request(path, { method, headers: { origin } })
      const exposed = headers.get('access-control-expose-headers')?.split(',') ?? []
      expect(exposed.toSorted()).toEqual(documented.toSorted())
      expect(headers.get('access-control-allow-origin')).toBe('*')
      expect(headers.has('access-control-allow-credentials')).toBe(false)
      expect(headers.has('set-cookie')).toBe(false)
    }
  })
})

test('a page without a key is refused by the operators’ surface as anybody is', async () => {
  const response = await plane.adminOf({}).request('/admin/accounts', { headers: { origin } })
  expect(response.status).toBe(401)
  expect(corsOf(response)).not.toEqual([])
})

test('bootstrap has no CORS, preflights included', async () => {
  const app = plane.bootstrapOf({ kind: 'token', token: 'of-this-laptop' })
  for (const init of [preflightOf('POST'), { method: 'POST', headers: { origin } }]) {
    const response = await app.request('/admin/bootstrap', init)
    expect(response.ok).toBe(false)
    expect(corsOf(response)).toEqual([])
  }
})

test('the hosts’ surface has no CORS, preflights included', async () => {
  const routes = plane.ingest.routes.filter(({ method }) => method !== 'ALL')
  for (const { method, path } of routes) {
    for (const init of [preflightOf(method), { method, headers: { origin } }]) {
      const response = await plane.ingest.request(path, init)
      expect(response.ok).toBe(false)
      expect([path, corsOf(response)]).toEqual([path, []])
    }
  }
})
