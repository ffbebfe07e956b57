// Pages of any origin may use the customers' surface with a key; no page may use the other two.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { adminEndpoints } from '../../src/admin/api/endpoints.ts'
import { gatewayEndpoints } from '../../src/gateway/api/endpoints.ts'
import { replyHeaders } from '../../src/gateway/api/headers.ts'
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts'
import { type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { callsOf } from './called-endpoints.ts'

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

describe('a preflight of the gateway', () => {
  test.each(callsOf(gatewayEndpoints))('lets $route be called', async ({ method, path }) => {
    const { headers, status, body } = await bench.appOf().request(path, preflightOf(method))
    expect([status, body]).toEqual([204, null])
    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect(headers.get('access-control-allow-methods')?.split(',')).toContain(method)
    expect(headers.get('access-control-allow-headers')).toBe('authorization,content-type')
    expect(headers.has('access-control-allow-credentials')).toBe(false)
  })
})

test('a page may read the headers that are documented, and no others', async () => {
  for (const { method, path } of callsOf(gatewayEndpoints)) {
    const response = await bench.appOf().request(path, { method, headers: { origin } })
    const { headers } = response
    const exposed = headers.get('access-control-expose-headers')?.split(',') ?? []
    expect(exposed.toSorted()).toEqual(Object.keys(replyHeaders).toSorted())
    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect(headers.has('access-control-allow-credentials')).toBe(false)
    expect(headers.has('set-cookie')).toBe(false)
  }
})

test('the operators’ surface has no CORS, preflights included', async () => {
  const app = plane.adminOf({})
  for (const { method, path } of callsOf(adminEndpoints)) {
    for (const init of [preflightOf(method), { method, headers: { origin } }]) {
      const response = await app.request(path, init)
      expect(response.ok).toBe(false)
      expect([path, corsOf(response)]).toEqual([path, []])
    }
  }
})

test('nor has the hosts’', async () => {
  const routes = plane.ingest.routes.filter(({ method }) => method !== 'ALL')
  for (const { method, path } of routes) {
    for (const init of [preflightOf(method), { method, headers: { origin } }]) {
      const response = await plane.ingest.request(path, init)
      expect(response.ok).toBe(false)
      expect([path, corsOf(response)]).toEqual([path, []])
    }
  }
})
