// Every route that hosts call, without a signature and with those of others.
import { randomUUID } from 'node:crypto'
import type { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SurfaceEnv } from '../../src/http/surface.ts'
import {
  type SignedEndpoint,
  signatureTag,
  signRequest,
} from '../../src/protocol/http-signature.ts'
import { errorOf } from '../support/chat-client.ts'
import { type ControlPlane, stage, startControlPlane } from '../support/control-plane.ts'
import { approvedHost, makeTestHost, type TestHost } from '../support/test-host.ts'
import { guardingErrors } from './guarded-errors.ts'
import { saidBy } from './open-gateway.ts'
import { differences, dumpOf } from './table-dump.ts'

let plane: ControlPlane
let app: Hono<SurfaceEnv>
let host: TestHost

beforeAll(async () => {
  plane = await startControlPlane()
  app = guardingErrors(plane.ingest, { secrets: [], tables: plane.tables })
  host = await approvedHost(plane)
  await host.beat()
})
afterAll(() => plane.stop())

const tags = Object.keys({
  enroll: 1,
  heartbeat: 1,
  inventory: 1,
  claims: 1,
  earnings: 1,
  reputation: 1,
  rotate: 1,
  jobs: 1,
} satisfies Record<SignedEndpoint, 1>).filter((name): name is SignedEndpoint => name !== '')

type Route = { readonly method: string; readonly path: string }

/** As the app has them; a challenge is given to anyone, since it says nothing and stores nothing. */
const signedRoutes = (): readonly Route[] =>
  plane.ingest.routes
    .filter(({ method, path }) => method !== 'ALL' && !path.endsWith('/challenge'))
    .map(({ method, path }) => ({ method, path: path.replace(':job_id', 'job_1') }))

const url = ({ path }: Route) => `http://ingest.example.com${path}`
const send = async (route: Route, headers: Record<string, string>, body: Buffer) => {
  const withBody = route.method === 'GET' ? {} : { body: new Uint8Array(body) }
  const all = { 'content-type': 'application/json', ...headers }
  return app.request(url(route), { method: route.method, headers: all, ...withBody })
}
/** Complete in form, so that a surface that looked at bodies first would take it. */
const bodyOf = ({ method, path }: Route): Buffer => {
  if (method === 'GET') return Buffer.alloc(0)
  const document = path.endsWith('inventory') ? host.inventory([]) : host.heartbeat()
  return Buffer.from(JSON.stringify(document))
}
const signed = (route: Route, by: TestHost, endpoint: SignedEndpoint, keyId: string) =>
  signRequest(
    { method: route.method, url: url(route), body: bodyOf(route) },
    {
      signer: by.signer,
      keyId,
      tag: signatureTag(stage, endpoint),
      nonce: randomUUID(),
      nowMs: plane.nowMs(),
    },
  )

test('the surface has the routes that hosts call', () => {
  expect(signedRoutes().length).toBeGreaterThanOrEqual(8)
})

describe('without the signature of a node', () => {
  test('no route tells more than that, and nothing is written', async () => {
    const keys = ['sk-b3iq', 'op-b3iq'].map((prefix) => `${prefix}-p1-${'A'.repeat(43)}`)
    const owner = plane.operatorKey('owner')
    const before = await dumpOf(plane)
    for (const route of signedRoutes()) {
      if (route.path.endsWith('/enroll')) continue
      const first = await saidBy(await send(route, {}, bodyOf(route)))
      expect([route.path, first.status]).toEqual([route.path, 401])
      expect(first.body).toContain('"code":"bad_signature"')
      for (const key of [...keys, owner]) {
        const headers = { authorization: `Bearer ${key}` }
        expect(await saidBy(await send(route, headers, bodyOf(route)))).toEqual(first)
      }
    }
    expect(differences(before, await dumpOf(plane))).toEqual([])
  })

  test('an enrolment is refused as well', async () => {
    const enroll = { method: 'POST', path: '/ingest/v1/enroll' }
    const document = await makeTestHost(plane).enrolment('b3iq-join-AAAAAAAAAAAAAAAAAAAAAA')
    const before = await dumpOf(plane)
    const reply = await errorOf(await send(enroll, {}, Buffer.from(JSON.stringify(document))))
    expect(reply).toMatchObject({ status: 401, code: 'bad_signature' })
    expect(differences(before, await dumpOf(plane))).toEqual([])
  })
})

describe('the signature of another', () => {
  const foreign = [
    ['key under the name of a node', () => makeTestHost(plane), () => host.nodeId],
    ['node that never enrolled', () => makeTestHost(plane), undefined],
  ] as const

  test.each(foreign)('%s, for whatever endpoint it says, is refused', async (_, make, name) => {
    const before = await dumpOf(plane)
    for (const route of signedRoutes()) {
      if (route.path.endsWith('/enroll')) continue
      for (const tag of tags) {
        const stranger = make()
        const headers = await signed(route, stranger, tag, name?.() ?? stranger.nodeId)
        const reply = await errorOf(await send(route, headers, bodyOf(route)))
        const code = name ? 'bad_signature' : 'unknown_node'
        expect([route.path, tag, reply.status, reply.code]).toEqual([route.path, tag, 401, code])
      }
    }
    expect(differences(before, await dumpOf(plane))).toEqual([])
  })

  test('a node of one endpoint is none at another', async () => {
    const before = await dumpOf(plane)
    for (const route of signedRoutes()) {
      const replies = await Promise.all(
        tags.map(async (tag) => {
          const headers = await signed(route, host, tag, host.nodeId)
          return (await send(route, headers, Buffer.from('{}'))).status
        }),
      )
      // The body is not the one that was signed, so that none of them is taken.
      const taken = replies.filter((status) => status < 400).length
      expect([route.path, taken]).toEqual([route.path, route.method === 'GET' ? 1 : 0])
    }
    expect(differences(before, await dumpOf(plane))).toEqual([])
  })
})
