import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EnrolReply } from '../../src/protocol/enrolment.ts'
import { signatureTag } from '../../src/protocol/http-signature.ts'
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts'
import { enrolledHost, joinCode, makeTestHost, publicRoute } from '../support/test-host.ts'

let plane: ControlPlane
beforeAll(async () => {
  plane = await startControlPlane()
})
afterAll(() => plane.stop())

describe('a host enrols', () => {
  test('with its key, a challenge and a join code, and waits for approval', async () => {
    const host = makeTestHost(plane)
    const reply = await host.enrol(await joinCode(plane, 'owner-a'))
    expect(reply.status).toBe(200)
    expect(EnrolReply.parse(reply.body)).toMatchObject({
      node_id: host.nodeId,
      status: 'pending',
      stage: 'test',
      route_epoch: 1,
      next_in_ms: 15_000,
      server_time_ms: plane.nowMs(),
    })
    expect(await plane.fleet.readNode(host.nodeId)).toMatchObject({
      ownerId: 'owner-a',
      publicKey: host.signer.publicKey,
      status: 'pending',
      mode: 'network',
      trustTier: 'T0',
      route: { kind: 'direct', url: 'https://host.example.net', epoch: 1 },
    })
  })

  test('seldom enough where it cannot earn', async () => {
    const reply = await makeTestHost(plane).enrol(await joinCode(plane), { mode: 'managed' })
    expect(reply.body.next_in_ms).toBe(60_000)
  })

  test('and its route is kept in one spelling', async () => {
    const host = makeTestHost(plane)
    const route = { kind: 'direct', url: 'https://HOST.example.net:443/' }
    await host.enrol(await joinCode(plane), { route })
    expect((await plane.fleet.readNode(host.nodeId))?.route.url).toBe('https://host.example.net')
  })
})

describe('enrolling again with the same key', () => {
  const again = 'owner-again'

  test('is the same node, though its code is used up', async () => {
    const host = makeTestHost(plane)
    const code = await joinCode(plane, again)
    const first = await host.enrol(code)
    expect(await host.enrol(code)).toMatchObject({ status: 200, body: first.body })
  })

  test('keeps what the operator said of it', async () => {
    const host = await enrolledHost(plane, again)
    await plane.operate('POST', `/nodes/${host.nodeId}/approve`)
    const repeated = await host.enrol(await joinCode(plane, again))
    expect(repeated.body.status).toBe('approved')
  })

  test('moves it to another route under a new epoch, and has it judged anew', async () => {
    const host = await enrolledHost(plane, again)
    await plane.operate('POST', `/nodes/${host.nodeId}/approve`)
    const before = plane.judgements()
    const route = { kind: 'direct', url: 'https://other.example.net' }
    const moved = await host.enrol(await joinCode(plane, again), { route })
    expect(moved.body).toMatchObject({ route_epoch: 2, status: 'approved' })
    expect(plane.judgements()).toBe(before + 1)
    const repeated = await host.enrol(await joinCode(plane, again), { route })
    expect(repeated.body.route_epoch).toBe(2)
  })

  test('changes the mode under the same epoch', async () => {
    const host = await enrolledHost(plane, again)
    const reply = await host.enrol(await joinCode(plane, again), { mode: 'managed' })
    expect(reply.body).toMatchObject({ route_epoch: 1, next_in_ms: 60_000 })
    expect((await plane.fleet.readNode(host.nodeId))?.mode).toBe('managed')
  })

  test('is refused with the code of another owner', async () => {
    const host = await enrolledHost(plane, 'owner-1')
    const reply = await host.enrol(await joinCode(plane, 'owner-2'))
    expect(reply).toMatchObject({ status: 409, error: { code: 'key_bound_elsewhere' } })
    expect((await plane.fleet.readNode(host.nodeId))?.ownerId).toBe('owner-1')
  })

  test('is refused once the operator has revoked the node', async () => {
    const host = await enrolledHost(plane, again)
    await plane.operate('POST', `/nodes/${host.nodeId}/suspend`)
    const reply = await host.enrol(await joinCode(plane, again))
    expect(reply).toMatchObject({
      status: 403,
      error: { code: 'node_revoked', status: 'suspended' },
    })
  })
})

describe('a join code', () => {
  test('makes one node, even where two hosts come at once', async () => {
    const code = await joinCode(plane)
    const hosts = [makeTestHost(plane), makeTestHost(plane)]
    const replies = await Promise.all(hosts.map((host) => host.enrol(code)))
    expect(replies.map((reply) => reply.status).sort()).toEqual([200, 403])
    const refused = replies.find((reply) => reply.status === 403)
    expect(refused?.error).toMatchObject({ code: 'join_code_invalid', param: 'join_code' })
  })

  test('is good for one node when one host comes twice at once', async () => {
    const code = await joinCode(plane)
    const host = makeTestHost(plane)
    const replies = await Promise.all([host.enrol(code), host.enrol(code)])
    expect(replies.map((reply) => reply.status)).toEqual([200, 200])
  })

  test('expires after 15 minutes', async () => {
    const code = await joinCode(plane)
    plane.passMs(15 * 60_000)
    const reply = await makeTestHost(plane).enrol(code)
    expect(reply).toMatchObject({ status: 403, error: { code: 'join_code_invalid' } })
  })

  test('cannot be made up', async () => {
    const reply = await makeTestHost(plane).enrol(`b3iq-join-${'A'.repeat(22)}`)
    expect(reply).toMatchObject({ status: 403, error: { code: 'join_code_invalid' } })
  })
})

describe('nothing is enrolled', () => {
  const refusals: readonly [string, object, object, string][] = [
    ['a challenge of another key', { challenge: 'other' }, {}, 'invalid_value'],
    ['a signature for another stage', {}, { tag: signatureTag('prod', 'enroll') }, 'bad_signature'],
    [
      'a signature for another endpoint',
      {},
      { tag: signatureTag('test', 'heartbeat') },
      'bad_signature',
    ],
    ['a signature in the name of another node', {}, { keyId: 'n_other' }, 'bad_signature'],
    ['a body that is not the signed one', {}, { sentBody: '{}' }, 'missing_required_parameter'],
    [
      'a route on a private address',
      { route: { ...publicRoute, url: 'https://10.0.0.1' } },
      {},
      'route_rejected',
    ],
    [
      'a loopback route outside stage local',
      { route: { ...publicRoute, url: 'http://127.0.0.1:9000' } },
      {},
      'route_rejected',
    ],
    ['a mode that is none', { mode: 'rented' }, {}, 'invalid_value'],
    [
      'a body beyond its bound',
      { facts: { host_name: 'x'.repeat(8192) } },
      {},
      'request_too_large',
    ],
  ]

  test.each(refusals)('on %s', async (_, changes, sending, code) => {
    const host = makeTestHost(plane)
    const reply = await host.enrol(await joinCode(plane), changes, sending)
    expect(reply.error.code).toBe(code)
    expect(await plane.fleet.readNode(host.nodeId)).toBeUndefined()
  })

  test('by whoever changed the signed body on the way', async () => {
    const host = makeTestHost(plane)
    const signed = await host.enrolment(await joinCode(plane))
    const sentBody = JSON.stringify({ ...signed, mode: 'managed' })
    const reply = await host.send('POST', 'enroll', signed, { sentBody })
    expect(reply).toMatchObject({ status: 401, error: { code: 'bad_signature' } })
  })

  test('on a challenge that has expired', async () => {
    const host = makeTestHost(plane)
    const signed = await host.enrolment(await joinCode(plane))
    plane.passMs(120_000)
    const reply = await host.send('POST', 'enroll', signed)
    expect(reply).toMatchObject({ status: 400, error: { param: 'challenge' } })
  })

  test('on a key of small order, whose signatures prove nothing', async () => {
    const host = makeTestHost(plane)
    const smallOrder = Buffer.from(`01${'00'.repeat(31)}`, 'hex').toString('base64url')
    const reply = await host.enrol(await joinCode(plane), { public_key: smallOrder })
    expect(reply).toMatchObject({
      status: 400,
      error: { code: 'public_key_rejected', param: 'public_key' },
    })
  })

  test('with a clock that is too far off; the refusal brings the time', async () => {
    const host = makeTestHost(plane)
    const nowMs = plane.nowMs()
    const late = { signedAtMs: nowMs - 300_000 }
    const reply = await host.enrol(await joinCode(plane), {}, late)
    expect(reply).toMatchObject({ status: 401, error: { code: 'clock_skew', allowed_ms: 120_000 } })
    expect(reply.error.server_time_ms).toBe(nowMs)
    expect(Math.abs(Number(reply.error.delta_ms) - 300_000)).toBeLessThan(1000)
  })
})

describe('a challenge', () => {
  const ask = (body: string) =>
    plane.ingest.request('/ingest/v1/enroll/challenge', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })

  test.each([
    ['{}', 'missing_required_parameter'],
    ['{"public_key":"short"}', 'invalid_value'],
    ['no json', 'invalid_json'],
  ])('is refused for %s', async (body, code) => {
    const response = await ask(body)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { code } })
  })
})
