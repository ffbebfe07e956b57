// Bodies that are meant to hurt, at every route of operators and of hosts.
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as z from 'zod'
import { adminEndpoints } from '../../src/admin/api/endpoints.ts'
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts'
import { cpuMsOf, largeBombs, smallBombs, withField } from './bombs.ts'
import { callsOf } from './called-endpoints.ts'
import { guardingErrors } from './guarded-errors.ts'
import { differences, dumpOf } from './table-dump.ts'

let plane: ControlPlane
beforeAll(async () => {
  plane = await startControlPlane()
})
afterAll(() => plane.stop())

const cpuMsMax = 1_000

const takers = callsOf(adminEndpoints, (name, path) => {
  if (name !== 'id') return undefined
  const prefix = { accounts: 'acct_', keys: 'key_', incidents: 'inc_', jobs: 'job_' }
  const found = Object.entries(prefix).find(([collection]) => path.includes(`/${collection}/`))
  return found && `${found[1]}01ARZ3NDEKTSV4RRFFQ69G5FAV`
}).filter(({ takes }) => takes.length > 0)

function fieldsOf(route: string): readonly string[] {
  const row = Object.entries(adminEndpoints).find(([name]) => name === route)?.[1]
  const schema = row?.body?.['application/json']?.schema
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape)
  return ['type', 'args', 'reference', 'scope']
}

test('operators get a word for each of them, and soon', async () => {
  const app = guardingErrors(plane.adminOf({}), { secrets: [], tables: plane.tables })
  const headers = {
    authorization: `Bearer ${plane.operatorKey('owner')}`,
    'content-type': 'application/json',
  }
  for (const { method, path, route } of takers) {
    const made = fieldsOf(route).flatMap((field) =>
      smallBombs.map(([what, json]) => ({ what, body: withField({}, field, json) })),
    )
    const bodies = [...made, ...largeBombs.map(([what, body]) => ({ what, body }))]
    for (const { what, body } of bodies) {
      const [status, cpuMs] = await cpuMsOf(
        async () => (await app.request(path, { method, headers, body })).status,
      )
      // Some are names, as good as others.
      expect([route, what, status, status < 500]).toEqual([route, what, status, true])
      expect([route, what, cpuMs]).toEqual([route, what, Math.min(cpuMs, cpuMsMax)])
    }
  }
})

test('so do hosts, and nothing is written', async () => {
  const app = guardingErrors(plane.ingest, { secrets: [], tables: plane.tables })
  const before = await dumpOf(plane)
  const routes = plane.ingest.routes.filter(({ method }) => method !== 'ALL' && method !== 'GET')
  const bodies = [
    ...smallBombs.map(([, json]) => withField({}, 'public_key', json)),
    ...[...smallBombs, ...largeBombs].map(([, json]) => json),
  ]
  for (const { method, path } of routes) {
    for (const body of bodies) {
      const [status, cpuMs] = await cpuMsOf(async () => {
        const headers = { 'content-type': 'application/json' }
        return (await app.request(path, { method, headers, body })).status
      })
      expect([path, status, status >= 400 && status < 500]).toEqual([path, status, true])
      expect(cpuMs).toBeLessThan(cpuMsMax)
    }
  }
  expect(differences(before, await dumpOf(plane))).toEqual([])
})
