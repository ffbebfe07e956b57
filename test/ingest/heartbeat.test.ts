import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HeartbeatReply } from '../../src/protocol/heartbeat.ts'
import { signatureTag } from '../../src/protocol/http-signature.ts'
import {
  type ControlPlane,
  catalogueModel,
  digestOf,
  startControlPlane,
} from '../support/control-plane.ts'
import { approvedHost, enrolledHost, installedModel, makeTestHost } from '../support/test-host.ts'

let plane: ControlPlane
beforeAll(async () => {
  plane = await startControlPlane()
  await plane.operate('PUT', '/models', catalogueModel('maker/small', [digestOf('a')]))
})
afterAll(() => plane.stop())

describe('a beat', () => {
  test('is recorded by our clock and answered with the next interval', async () => {
    const host = await approvedHost(plane)
    const reply = await host.beat({ sent_at_ms: 1 })
    expect(reply.status).toBe(200)
    expect(HeartbeatReply.parse(reply.body)).toEqual({
      ok: true,
      server_time_ms: plane.nowMs(),
      next_in_ms: 15_000,
      ttl_ms: 60_000,
      need: ['inventory'],
      route_epoch: 1,
      jobs: [],
      eligibility: [],
      warnings: [],
    })
    const row = await plane.fleet.readRow(host.nodeId)
    expect(row?.hot).toMatchObject({ beatAtMs: plane.nowMs(), state: 'ready', paidEnabled: true })
    expect(row?.hot?.queues).toEqual({
      main: {
        health: 'ok',
        reachable: true,
        kind: 'llamacpp',
        version: 'b4000',
        used: 0,
        capacity: 2,
      },
    })
  })

  test('makes an approved node active', async () => {
    const host = await approvedHost(plane)
    await host.beat()
    expect((await plane.fleet.readNode(host.nodeId))?.status).toBe('active')
  })

  test('tells of each profile whether it earns and why not', async () => {
    const host = await approvedHost(plane)
    await host.offer([installedModel(digestOf('a'))])
    const { eligibility } = HeartbeatReply.parse((await host.beat()).body)
    expect(eligibility).toMatchObject([
      {
        profile_id: 'maker/small@0',
        model: 'maker/small',
        eligible: false,
        gates: { fresh: true, route: false, protocol: true, runtime: true, policy: false },
      },
    ])
    const codes = eligibility[0]?.blockers.map((blocker) => blocker.code)
    expect(codes).toEqual(['route_unproven', 'benchmark_missing'])
  })

  test('of a waiting node is taken and shows what it waits for', async () => {
    const host = await enrolledHost(plane)
    await host.offer([installedModel(digestOf('a'))])
    const { eligibility } = HeartbeatReply.parse((await host.beat()).body)
    const codes = eligibility[0]?.blockers.map((blocker) => blocker.code)
    expect(codes).toContain('not_approved')
    expect((await plane.fleet.readNode(host.nodeId))?.status).toBe('pending')
  })

  test('brings the mode that the owner chose, and has a node that may serve judged anew', async () => {
    const host = await approvedHost(plane)
    await host.beat()
    const before = plane.judgements()
    const reply = await host.beat({ mode: 'managed' })
    expect(reply.body).toMatchObject({ next_in_ms: 60_000, ttl_ms: 150_000 })
    expect((await plane.fleet.readNode(host.nodeId))?.mode).toBe('managed')
    expect(plane.judgements()).toBe(before + 1)
  })

  test('with a clock somewhat off is taken with a warning', async () => {
    const host = await enrolledHost(plane)
    const reply = await host.beat({}, { signedAtMs: plane.nowMs() - 45_000 })
    expect(reply.body).toMatchObject({ ok: true, warnings: ['clock_skew'] })
  })
})

describe('an inventory is asked for', () => {
  test('until the one that the beat names is applied', async () => {
    const host = await approvedHost(plane)
    const named = { inventory_digest: 'b'.repeat(64) }
    expect((await host.beat(named)).body.need).toEqual(['inventory'])
    expect((await host.beat(named)).body.need).toEqual(['inventory'])
    await host.offer([])
    expect((await host.beat()).body.need).toEqual([])
    expect((await host.beat(named)).body.need).toEqual(['inventory'])
  })

  test('again when the operator approves further builds', async () => {
    const host = await approvedHost(plane)
    const offer = { models: [installedModel(digestOf('c'))] }
    expect((await host.offer(offer.models)).body).toMatchObject({ profiles: 0, unapproved: 1 })
    await plane.operate('PUT', '/models', catalogueModel('maker/late', [digestOf('c')]))
    plane.passMs(5_000)
    expect((await host.offer(offer.models)).body).toMatchObject({ profiles: 1, unapproved: 0 })
  })

  test('not again for a new price', async () => {
    const model = catalogueModel('maker/priced', [digestOf('d')])
    await plane.operate('PUT', '/models', model)
    plane.passMs(5_000)
    const host = await approvedHost(plane)
    await host.offer([])
    await plane.operate('PUT', '/models', { ...model, host_share_bps: 9000 })
    plane.passMs(5_000)
    expect((await host.beat()).body.need).toEqual([])
  })
})

describe('a beat is refused', () => {
  test('when its sequence number is not above the last; the refusal tells that one', async () => {
    const host = await enrolledHost(plane)
    const beat = host.heartbeat()
    expect((await host.send('POST', 'heartbeat', beat)).status).toBe(200)
    plane.passMs(1)
    const replay = await host.send('POST', 'heartbeat', beat)
    expect(replay).toMatchObject({
      status: 409,
      error: { code: 'seq_replay', last_seq: beat.seq },
    })
    expect(replay.headers.get('x-should-retry')).toBe('false')
  })

  test('when its sequence number is from the future, and is not stored', async () => {
    const host = await enrolledHost(plane)
    const nowMs = plane.nowMs()
    const ahead = await host.beat({ seq: nowMs + 120_001 })
    expect(ahead).toMatchObject({
      status: 401,
      error: { code: 'clock_skew', server_time_ms: nowMs, delta_ms: -120_001 },
    })
    expect((await host.beat({ seq: nowMs + 120_000 })).status).toBe(200)
  })

  test('when its clock is beyond the allowance, in either direction', async () => {
    const host = await enrolledHost(plane)
    for (const offMs of [-122_000, 122_000]) {
      const reply = await host.beat({}, { signedAtMs: plane.nowMs() + offMs })
      expect(reply).toMatchObject({ status: 401, error: { code: 'clock_skew' } })
    }
  })

  test('of a node that never enrolled', async () => {
    const reply = await makeTestHost(plane).beat()
    expect(reply).toMatchObject({ status: 401, error: { code: 'unknown_node' } })
  })

  test.each(['suspend', 'retire'])('of a node after %s', async (change) => {
    const host = await approvedHost(plane)
    await plane.operate('POST', `/nodes/${host.nodeId}/${change}`)
    const reply = await host.beat()
    expect(reply).toMatchObject({ status: 403, error: { code: 'node_revoked' } })
    expect((await plane.fleet.readRow(host.nodeId))?.hot).toBeUndefined()
  })

  test('signed with the key of another node', async () => {
    const [host, other] = [await enrolledHost(plane), await enrolledHost(plane)]
    const reply = await other.send('POST', 'heartbeat', host.heartbeat(), { keyId: host.nodeId })
    expect(reply).toMatchObject({ status: 401, error: { code: 'bad_signature' } })
  })

  test('that speaks of another node than its key', async () => {
    const [host, other] = [await enrolledHost(plane), await enrolledHost(plane)]
    const reply = await host.send('POST', 'heartbeat', other.heartbeat())
    expect(reply).toMatchObject({ status: 400, error: { param: 'node_id' } })
  })

  test.each([
    ['another stage', signatureTag('prod', 'heartbeat')],
    ['another endpoint', signatureTag('test', 'inventory')],
  ])('signed for %s', async (_, tag) => {
    const reply = await (await enrolledHost(plane)).beat({}, { tag })
    expect(reply).toMatchObject({ status: 401, error: { code: 'bad_signature' } })
  })

  test('whose body was changed on the way', async () => {
    const host = await enrolledHost(plane)
    const signed = host.heartbeat()
    const sentBody = JSON.stringify({ ...signed, state: 'draining' })
    const reply = await host.send('POST', 'heartbeat', signed, { sentBody })
    expect(reply).toMatchObject({ status: 401, error: { code: 'bad_signature' } })
  })

  test('without any signature', async () => {
    const host = await enrolledHost(plane)
    const response = await plane.ingest.request('/ingest/v1/heartbeats', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(host.heartbeat()),
    })
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ error: { code: 'bad_signature' } })
  })

  test('beyond 16 KB', async () => {
    const reply = await (await enrolledHost(plane)).beat({ padding: 'x'.repeat(16 * 1024) })
    expect(reply).toMatchObject({ status: 413, error: { code: 'request_too_large' } })
  })

  test('with a field that has no meaning, naming it', async () => {
    const reply = await (await enrolledHost(plane)).beat({ state: 'asleep' })
    expect(reply).toMatchObject({ status: 400, error: { code: 'invalid_value', param: 'state' } })
  })
})

test('the interval is what the stage configures', async () => {
  const host = await enrolledHost(plane)
  const app = plane.ingestOf({ beatIntervals: { networkMs: 1_000, otherMs: 4_000 } })
  expect((await host.beat({}, { app })).body.next_in_ms).toBe(1_000)
  expect((await host.beat({ mode: 'managed' }, { app })).body.next_in_ms).toBe(4_000)
})
