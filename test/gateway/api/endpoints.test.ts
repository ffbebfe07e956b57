import { afterAll, beforeAll, expect, test } from 'vitest'
import { committedFile } from '../../../scripts/openapi.ts'
import { gatewayEndpoints } from '../../../src/gateway/api/endpoints.ts'
import { replyHeaders } from '../../../src/gateway/api/headers.ts'
import { soldPaths } from '../../../src/gateway/api/sold.ts'
import { paidEndpoints } from '../../../src/gateway/paid-endpoints.ts'
import { type GatewayBench, startGatewayBench } from '../../support/gateway-bench.ts'

let bench: GatewayBench

beforeAll(async () => {
  bench = await startGatewayBench()
})
afterAll(() => bench.stop())

test('the table has every route of the surface, and no other', () => {
  const routes = bench
    .appOf()
    .routes.filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => `${method} ${path}`)
  expect(Object.keys(gatewayEndpoints).toSorted()).toEqual(routes.toSorted())
})

test('what is sold can be quoted', () => {
  expect(soldPaths.toSorted()).toEqual(paidEndpoints.map(({ path }) => path).toSorted())
})

test('a browser may read every header of the table', async () => {
  const response = await bench
    .appOf()
    .request('/healthz', { headers: { origin: 'https://a.example' } })
  const exposed = response.headers.get('access-control-expose-headers')?.split(',') ?? []
  expect(exposed.toSorted()).toEqual(Object.keys(replyHeaders).toSorted())
})

test('the surface serves its document', async () => {
  const response = await bench.appOf().request('/v1/openapi.json')
  expect(response.headers.get('content-type')).toBe('application/json')
  expect(await response.text()).toBe(committedFile('openapi.json'))
})
