import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { sha256Hex } from '../../src/protocol/canonical.ts'
import {
  type ControlPlane,
  catalogueModel,
  digestOf,
  startControlPlane,
} from '../support/control-plane.ts'
import {
  approvedHost,
  enrolledHost,
  installedModel,
  joinCode,
  makeTestHost,
} from '../support/test-host.ts'

const nobody = `n_${'a'.repeat(26)}`

let plane: ControlPlane
beforeAll(async () => {
  plane = await startControlPlane()
  await plane.operate('PUT', '/models', catalogueModel('maker/small', [digestOf('a')]))
})
afterAll(() => plane.stop())

describe('a join code', () => {
  test('is shown once, stored by its hash, and good for 15 minutes', async () => {
    const reply = await plane.operate('POST', '/join-codes', { owner_id: 'owner-1' })
    expect(reply).toMatchObject({
      status: 200,
      body: {
        object: 'join_code',
        code: expect.stringMatching(/^b3iq-join-[A-Za-z0-9_-]{22}$/),
        owner_id: 'owner-1',
        region: null,
        expires_at: new Date(plane.nowMs() + 15 * 60_000).toISOString(),
      },
    })
    expect(await plane.joinCodes.readJoinCode(z.string().parse(reply.body.code))).toBeUndefined()
  })

  test('names the region that the operator gives it', async () => {
    const order = { owner_id: 'owner-1', region: 'eu-west-1' }
    const { body } = await plane.operate('POST', '/join-codes', order)
    expect(body).toMatchObject({ region: 'eu-west-1' })
    const code = await plane.joinCodes.readJoinCode(sha256Hex(z.string().parse(body.code)))
    expect(code).toMatchObject({ region: 'eu-west-1' })
  })

  test.each(['', 'EU', 'eu west', 'x'.repeat(33)])(
    'is not made for the region %j',
    async (region) => {
      const reply = await plane.operate('POST', '/join-codes', { owner_id: 'owner-1', region })
      expect(reply).toMatchObject({ status: 400, error: { param: 'region' } })
    },
  )

  test.each([{}, { owner_id: '' }, { owner_id: 'a b' }, { owner_id: 'x'.repeat(65) }])(
    'is not made of %j',
    async (body) => {
      const reply = await plane.operate('POST', '/join-codes', body)
      expect(reply).toMatchObject({ status: 400, error: { param: 'owner_id' } })
    },
  )
})

describe('a node is shown', () => {
  test('as it enrolled, before it beat', async () => {
    const host = await enrolledHost(plane, 'owner-7')
    const reply = await plane.operate('GET', `/nodes/${host.nodeId}`)
    expect(reply).toMatchObject({
      status: 200,
      body: {
        object: 'node',
        id: host.nodeId,
        alias: expect.stringMatching(/^B3IQ-/),
        owner_id: 'owner-7',
        region: null,
        status: 'pending',
        liveness: 'never',
        last_beat_at: null,
        profiles: 0,
        eligibility: [],
      },
    })
  })

  test('with its liveness and the gates of its profiles', async () => {
    const host = await approvedHost(plane)
    await host.offer([installedModel(digestOf('a'))])
    const { body } = await plane.operate('GET', `/nodes/${host.nodeId}`)
    expect(body).toMatchObject({
      status: 'active',
      liveness: 'fresh',
      profiles: 1,
      eligibility: [{ profile_id: 'maker/small@0', eligible: false }],
    })
    plane.passMs(60_001)
    const later = await plane.operate('GET', `/nodes/${host.nodeId}`)
    expect(later.body.liveness).toBe('stale')
  })

  test('with the reason why it may not serve, until it is approved again', async () => {
    const host = await approvedHost(plane)
    await host.beat()
    const since = new Date(plane.nowMs()).toISOString()
    const suspended = await plane.operate('POST', `/nodes/${host.nodeId}/suspend`)
    expect(suspended.body).toMatchObject({ suspension: { reason: 'operator', since } })
    expect((await plane.fleet.readRow(host.nodeId))?.hot?.isRevoked).toBe(true)
    const approved = await plane.operate('POST', `/nodes/${host.nodeId}/approve`)
    expect(approved.body).toMatchObject({ status: 'approved', suspension: null })
    expect((await plane.fleet.readRow(host.nodeId))?.hot?.isRevoked).toBe(false)
  })

  test.each([nobody, 'nobody'])('unless there is none: %s', async (id) => {
    const reply = await plane.operate('GET', `/nodes/${id}`)
    expect(reply).toMatchObject({ status: 404, error: { code: 'node_not_found' } })
  })
})

describe('the operator decides on a node', () => {
  const changes = ['approve', 'suspend', 'retire'] as const

  test.each([
    { steps: [], change: 'approve', status: 'approved' },
    { steps: [], change: 'suspend', status: 'suspended' },
    { steps: [], change: 'retire', status: 'retired' },
    { steps: ['approve'], change: 'approve', status: 'approved' },
    { steps: ['approve'], change: 'suspend', status: 'suspended' },
    { steps: ['suspend'], change: 'approve', status: 'approved' },
    { steps: ['suspend'], change: 'suspend', status: 'suspended' },
    { steps: ['suspend'], change: 'retire', status: 'retired' },
    { steps: ['retire'], change: 'retire', status: 'retired' },
  ] as const)('$change after $steps → $status', async ({ steps, change, status }) => {
    const host = await enrolledHost(plane)
    for (const step of steps) await plane.operate('POST', `/nodes/${host.nodeId}/${step}`)
    const before = plane.judgements()
    const reply = await plane.operate('POST', `/nodes/${host.nodeId}/${change}`)
    expect(reply).toMatchObject({ status: 200, body: { id: host.nodeId, status } })
    expect(plane.judgements()).toBe(before + 1)
  })

  test.each(['approve', 'suspend'])('but not %s after retire: that is final', async (change) => {
    const host = await enrolledHost(plane)
    await plane.operate('POST', `/nodes/${host.nodeId}/retire`)
    const reply = await plane.operate('POST', `/nodes/${host.nodeId}/${change}`)
    expect(reply).toMatchObject({
      status: 409,
      error: { code: 'state_conflict', status: 'retired' },
    })
    expect((await plane.fleet.readNode(host.nodeId))?.status).toBe('retired')
  })

  test('and a retired node leaves the pools though its tunnel cannot be closed', async () => {
    const host = makeTestHost(plane)
    const hostName = 'one.hosts.example'
    const tunnels = {
      open: async () => ({ tunnelId: 't-1', hostName, token: 'secret' }),
      close: () => Promise.reject(new Error('unreachable')),
    }
    const route = { kind: 'cloudflared_named' }
    const app = plane.ingestOf({ tunnels })
    await host.enrol(await joinCode(plane, 'owner-of-tunnel'), { route }, { app })
    const before = plane.judgements()
    const reply = await plane.adminOf({ tunnels }).request(`/admin/nodes/${host.nodeId}/retire`, {
      method: 'POST',
      headers: { authorization: `Bearer ${plane.operatorKey('operator')}` },
    })
    expect(reply.status).toBe(500)
    expect(plane.judgements()).toBe(before + 1)
  })

  test('and approving an active node leaves it active', async () => {
    const host = await approvedHost(plane)
    await host.beat()
    const reply = await plane.operate('POST', `/nodes/${host.nodeId}/approve`)
    expect(reply).toMatchObject({ status: 200, body: { status: 'active' } })
  })

  test.each(changes)('%s of a node that is none is not found', async (change) => {
    const reply = await plane.operate('POST', `/nodes/${nobody}/${change}`)
    expect(reply).toMatchObject({ status: 404, error: { code: 'node_not_found' } })
  })
})

describe('the list of nodes', () => {
  const Page = z.object({
    data: z.array(z.object({ id: z.string(), status: z.string() })),
    next: z.string().nullable(),
  })

  test('comes in pages, each node once', async () => {
    const made = [await enrolledHost(plane), await enrolledHost(plane), await enrolledHost(plane)]
    const seen: string[] = []
    let after = ''
    for (let page = 0; page < 100; page += 1) {
      const { body } = await plane.operate('GET', `/nodes?limit=2${after}`)
      const { data, next } = Page.parse(body)
      expect(data.length).toBeLessThanOrEqual(2)
      seen.push(...data.map(({ id }) => id))
      if (next === null) break
      after = `&after=${next}`
    }
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen).toEqual(expect.arrayContaining(made.map((host) => host.nodeId)))
  })

  test('can be of one status', async () => {
    const host = await enrolledHost(plane)
    const { data } = Page.parse((await plane.operate('GET', '/nodes?status=pending')).body)
    expect(data.map(({ id }) => id)).toContain(host.nodeId)
    expect(new Set(data.map(({ status }) => status))).toEqual(new Set(['pending']))
  })

  test.each([
    ['status=lost', 'status'],
    [`after=${nobody}`, 'after'],
  ])('refuses %s', async (query, param) => {
    const reply = await plane.operate('GET', `/nodes?${query}`)
    expect(reply).toMatchObject({ status: 400, error: { code: 'invalid_value', param } })
  })
})
