// Which routes an enrolment may ask for, and how many nodes an owner may enrol.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TunnelProvider } from '../../src/fleet/tunnel-provider.ts'
import { EnrolReply } from '../../src/protocol/enrolment.ts'
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts'
import { joinCode, makeTestHost, publicRoute, rotationOrder } from '../support/test-host.ts'

let plane: ControlPlane
beforeAll(async () => {
  plane = await startControlPlane()
})
afterAll(() => plane.stop())

const viaTunnel = { route: { kind: 'cloudflared_named' } }

/** Tunnels as a provider keeps them: one for each node until it is closed. */
function makeTunnels(provider: Partial<TunnelProvider> = {}) {
  const openOf = new Map<string, string>()
  const tunnels: TunnelProvider = {
    open: async (nodeId) => {
      const tunnelId = openOf.get(nodeId) ?? `t-${nodeId}-${openOf.size}`
      openOf.set(nodeId, tunnelId)
      return { tunnelId, hostName: `${nodeId.slice(2)}.hosts.example`, token: `secret-${tunnelId}` }
    },
    close: async (tunnelId) => {
      for (const [nodeId, open] of openOf) if (open === tunnelId) openOf.delete(nodeId)
    },
    ...provider,
  }
  return { tunnels, openOf }
}

/** For hosts that must be refused before anything outside is asked. */
const noTunnels: TunnelProvider = {
  open: () => Promise.reject(new Error('nothing is to be opened')),
  close: () => Promise.reject(new Error('nothing is to be closed')),
}

const routeOf = async (nodeId: string) => (await plane.fleet.readNode(nodeId))?.route

describe('a tunnel', () => {
  test('is opened for the node, which gets its token and its name', async () => {
    const { tunnels, openOf } = makeTunnels()
    const app = plane.ingestOf({ tunnels })
    const host = makeTestHost(plane)
    const reply = await host.enrol(await joinCode(plane, 'owner-t1'), viaTunnel, { app })
    const hostName = `${host.nodeId.slice(2)}.hosts.example`
    const tunnelId = openOf.get(host.nodeId) ?? ''
    expect(EnrolReply.parse(reply.body).tunnel).toEqual({
      token: `secret-${tunnelId}`,
      host_name: hostName,
    })
    expect(await routeOf(host.nodeId)).toEqual({
      kind: 'cloudflared_named',
      url: `https://${hostName}`,
      epoch: 1,
      tunnelId,
    })
  })

  test('is the same one when the node enrols again, under the same epoch', async () => {
    const app = plane.ingestOf(makeTunnels())
    const host = makeTestHost(plane)
    const code = await joinCode(plane, 'owner-t2')
    const first = await host.enrol(code, viaTunnel, { app })
    const again = await host.enrol(code, viaTunnel, { app })
    expect(again).toMatchObject({ status: 200, body: first.body })
  })

  test('is closed when the node moves to a direct route, and another opened when it is back', async () => {
    const { tunnels, openOf } = makeTunnels()
    const app = plane.ingestOf({ tunnels })
    const host = makeTestHost(plane)
    const code = await joinCode(plane, 'owner-t3')
    await host.enrol(code, viaTunnel, { app })
    const direct = await host.enrol(code, {}, { app })
    expect(direct.body).toMatchObject({ route_epoch: 2 })
    expect(direct.body.tunnel).toBeUndefined()
    expect(openOf.size).toBe(0)
    expect((await host.enrol(code, viaTunnel, { app })).body).toMatchObject({
      route_epoch: 3,
      tunnel: {},
    })
  })

  test('that cannot be closed is a line in the log and no refusal', async () => {
    const close = () => Promise.reject(new Error('unreachable'))
    const app = plane.ingestOf(makeTunnels({ close }))
    const host = makeTestHost(plane)
    const code = await joinCode(plane, 'owner-t4')
    await host.enrol(code, viaTunnel, { app })
    expect((await host.enrol(code, {}, { app })).status).toBe(200)
    expect(plane.logLines().some((line) => line.includes('tunnel_left_open'))).toBe(true)
  })

  test('is opened for no host whose code is good for nothing', async () => {
    const { tunnels, openOf } = makeTunnels()
    const app = plane.ingestOf({ tunnels })
    const host = makeTestHost(plane)
    await host.enrol(`b3iq-join-${'A'.repeat(22)}`, viaTunnel, { app })
    expect(openOf.size).toBe(0)
  })

  test('is not even opened for a code that another host has used', async () => {
    const code = await joinCode(plane, 'owner-t6')
    await makeTestHost(plane).enrol(code)
    const app = plane.ingestOf({ tunnels: noTunnels })
    expect(await makeTestHost(plane).enrol(code, viaTunnel, { app })).toMatchObject({
      status: 403,
      error: { code: 'join_code_invalid' },
    })
  })

  test('that went to another key with a rotation is out of reach for the old key', async () => {
    const { tunnels, openOf } = makeTunnels()
    const app = plane.ingestOf({ tunnels })
    const [from, to] = [makeTestHost(plane), makeTestHost(plane)]
    const code = await joinCode(plane, 'owner-t7')
    await from.enrol(code, viaTunnel, { app })
    await plane.operate('POST', `/nodes/${from.nodeId}/approve`)
    await from.send('POST', 'rotate', rotationOrder(plane, from, to))
    const before = await routeOf(to.nodeId)
    for (const offer of [{}, viaTunnel, { mode: 'managed' }]) {
      expect(await from.enrol(code, offer, { app })).toMatchObject({
        status: 409,
        error: { code: 'state_conflict', successor_id: to.nodeId },
      })
    }
    expect([...openOf.values()]).toEqual([Reflect.get(before ?? {}, 'tunnelId')])
    expect(await routeOf(to.nodeId)).toEqual(before)
  })

  test('is refused where the stage offers none', async () => {
    const reply = await makeTestHost(plane).enrol(await joinCode(plane), viaTunnel)
    expect(reply).toMatchObject({
      status: 400,
      error: { code: 'route_rejected', param: 'route.kind' },
    })
    expect(reply.error.message).toContain('no tunnels')
  })

  test('is closed when its node is retired, and when it is retired again', async () => {
    const { tunnels, openOf } = makeTunnels()
    const host = makeTestHost(plane)
    const app = plane.ingestOf({ tunnels })
    await host.enrol(await joinCode(plane, 'owner-t5'), viaTunnel, { app })
    const admin = plane.adminOf({ tunnels })
    const retire = () =>
      admin.request(`/admin/nodes/${host.nodeId}/retire`, {
        method: 'POST',
        headers: { authorization: `Bearer ${plane.operatorKey('operator')}` },
      })
    expect((await retire()).status).toBe(200)
    expect(openOf.size).toBe(0)
    expect((await retire()).status).toBe(200)
  })
})

describe('a direct route', () => {
  const key = 'c'.repeat(64)

  test('registers the key of its certificate; another key is another route', async () => {
    const host = makeTestHost(plane)
    const code = await joinCode(plane, 'owner-c1')
    const withKey = (certificate_key_sha256: string) => ({
      route: { ...publicRoute, certificate_key_sha256 },
    })
    await host.enrol(code, withKey(key))
    expect(await routeOf(host.nodeId)).toMatchObject({ certificateKeySha256: key, epoch: 1 })
    expect((await host.enrol(code, withKey(key))).body.route_epoch).toBe(1)
    expect((await host.enrol(code, withKey('d'.repeat(64)))).body.route_epoch).toBe(2)
    expect((await host.enrol(code)).body.route_epoch).toBe(3)
    expect(await routeOf(host.nodeId)).not.toHaveProperty('certificateKeySha256')
  })

  test.each(['C'.repeat(64), 'c'.repeat(63), ''])('is refused with the key %j', async (wrong) => {
    const route = { ...publicRoute, certificate_key_sha256: wrong }
    const reply = await makeTestHost(plane).enrol(await joinCode(plane), { route })
    expect(reply).toMatchObject({
      status: 400,
      error: { code: 'invalid_value', param: 'route.certificate_key_sha256' },
    })
  })
})

describe('an owner', () => {
  test('enrols ten nodes within an hour of the clock; the next hears when to go on', async () => {
    const hourMs = 60 * 60_000
    plane.passMs(hourMs - (plane.nowMs() % hourMs))
    const enrolOne = async () => makeTestHost(plane).enrol(await joinCode(plane, 'owner-farm'))
    for (let count = 0; count < 10; count += 1) expect((await enrolOne()).status).toBe(200)
    const app = plane.ingestOf({ tunnels: noTunnels })
    const late = makeTestHost(plane)
    const refused = await late.enrol(await joinCode(plane, 'owner-farm'), viaTunnel, { app })
    expect(refused).toMatchObject({ status: 429, error: { code: 'enrolment_limit' } })
    expect(refused.headers.get('retry-after')).toBe('60')
    expect(await plane.fleet.readNode(late.nodeId)).toBeUndefined()
    plane.passMs(hourMs)
    expect((await enrolOne()).status).toBe(200)
  })

  test('enrols a node that it has again as often as it likes', async () => {
    const host = makeTestHost(plane)
    const code = await joinCode(plane, 'owner-again')
    for (let count = 0; count < 12; count += 1) expect((await host.enrol(code)).status).toBe(200)
  })
})

describe('a synthetic node', () => {
  test('is never in the pool, whatever its agent asks for', async () => {
    const host = makeTestHost(plane)
    const code = await joinCode(plane, 'b3iq:synthetic')
    expect(await host.enrol(code)).toMatchObject({ status: 400, error: { param: 'mode' } })
    expect(await host.enrol(code, { mode: 'managed' })).toMatchObject({
      status: 200,
      body: { next_in_ms: 15_000 },
    })
    expect(await host.enrol(code)).toMatchObject({ status: 400, error: { param: 'mode' } })
    await plane.operate('POST', `/nodes/${host.nodeId}/approve`)
    expect(await host.beat({ mode: 'network' })).toMatchObject({
      status: 200,
      body: { next_in_ms: 15_000, ttl_ms: 60_000 },
    })
    expect((await plane.fleet.readNode(host.nodeId))?.mode).toBe('managed')
  })
})
