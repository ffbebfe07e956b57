import { afterAll, beforeAll, expect, test } from 'vitest'
import { adminEndpoints } from '../../../src/admin/api/endpoints.ts'
import { leastRole } from '../../../src/admin/roles.ts'
import { type ControlPlane, startControlPlane } from '../../support/control-plane.ts'

let plane: ControlPlane

beforeAll(async () => {
  plane = await startControlPlane()
})
afterAll(() => plane.stop())

test('the table has every route of the surface, and no other', () => {
  const routes = plane
    .adminOf({})
    .routes.filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => `${method} ${path}`)
  expect(Object.keys(adminEndpoints).toSorted()).toEqual(routes.toSorted())
})

test('a row says the role that the route really takes', () => {
  const told = Object.entries(adminEndpoints).map(([route, { auth }]) => [route, auth])
  expect(Object.fromEntries(told)).toEqual(leastRole)
})
