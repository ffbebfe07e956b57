import { afterAll, beforeAll, expect, test } from 'vitest'
import { ingestEndpoints } from '../../../src/ingest/api/endpoints.ts'
import { type ControlPlane, startControlPlane } from '../../support/control-plane.ts'

let plane: ControlPlane

beforeAll(async () => {
  plane = await startControlPlane()
})
afterAll(() => plane.stop())

test('the table has every route of the surface, and no other', () => {
  const routes = plane.ingest.routes
    .filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => `${method} ${path}`)
  expect(Object.keys(ingestEndpoints).toSorted()).toEqual(routes.toSorted())
})
