/** The table of `/admin`: a row for each route of `roles.ts`, with the least role that may call it. */
import type { EndpointRow, EndpointTable } from '../../http/endpoint.ts'
import { type AdminRoute, leastRole } from '../roles.ts'
import { customerRows } from './customers.ts'
import { explainRows } from './explain.ts'
import { fleetRows } from './fleet.ts'
import { marketRows } from './market.ts'
import { bootstrapRow, operatorRows } from './operators.ts'
import type { AdminAuth, AdminHeader, AdminRow } from './row.ts'
import { workRows } from './work.ts'

const rows: Readonly<Record<AdminRoute, AdminRow>> = {
  ...customerRows,
  ...fleetRows,
  ...workRows,
  ...marketRows,
  ...operatorRows,
  ...explainRows,
}

const isRoute = (route: string): route is AdminRoute => Object.hasOwn(rows, route)

const withRole = (route: AdminRoute): EndpointRow<AdminAuth, AdminHeader> => ({
  ...rows[route],
  auth: leastRole[route],
})

export const bootstrapEndpoints: EndpointTable<AdminAuth, AdminHeader> = {
  'POST /admin/bootstrap': { ...bootstrapRow, auth: 'bootstrap' },
}

export const adminEndpoints: EndpointTable<AdminAuth, AdminHeader> = Object.fromEntries(
  Object.keys(rows)
    .filter(isRoute)
    .map((route) => [route, withRole(route)]),
)
