import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { limits } from '../../src/protocol/limits.ts'
import {
  type ControlPlane,
  catalogueModel,
  digestOf,
  startControlPlane,
} from '../support/control-plane.ts'
import { approvedHost } from '../support/test-host.ts'

let plane: ControlPlane
beforeAll(async () => {
  plane = await startControlPlane()
  const model = catalogueModel('maker/small', [digestOf('a'), digestOf('b')])
  const [pullable, other] = model.profiles
  if (!pullable || !other) throw new Error('two builds')
  const profiles = [{ ...pullable, ollama_name: 'small:q4' }, other]
  await plane.operate('PUT', '/models', { ...model, profiles })
})
afterAll(() => plane.stop())

const nobody = `n_${'a'.repeat(26)}`
let orders = 0
const anOrder = (changes: object = {}) => {
  orders += 1
  return { type: 'health.check', args: {}, reference: `order-${orders}`, ...changes }
}
const newNode = async () => (await approvedHost(plane)).nodeId
const order = (nodeId: string, body: object) => plane.operate('POST', `/nodes/${nodeId}/jobs`, body)

describe('an order', () => {
  test('becomes a queued job of the operator who gave it', async () => {
    const nodeId = await newNode()
    const body = anOrder({ approval: 'ticket 7', preflight: ['idle'] })
    expect(await order(nodeId, body)).toMatchObject({
      status: 200,
      body: {
        object: 'job',
        id: expect.stringMatching(/^job_/),
        node_id: nodeId,
        type: 'health.check',
        args: {},
        state: 'queued',
        actor: plane.ownerKeyId,
        approval: 'ticket 7',
        reference: body.reference,
        expires_at: new Date(plane.nowMs() + 3_600_000).toISOString(),
        acceptance: null,
        result: null,
      },
    })
  })

  test('given again is the same job', async () => {
    const nodeId = await newNode()
    const args = { profile_id: 'maker/small@0' }
    for (const body of [anOrder(), anOrder({ type: 'model.hash_range', args })]) {
      const [first, second] = [await order(nodeId, body), await order(nodeId, body)]
      expect(second.body).toEqual(first.body)
    }
  })

  test('given for something else under its reference is refused', async () => {
    const nodeId = await newNode()
    const body = anOrder()
    await order(nodeId, body)
    for (const [target, other] of [
      [nodeId, { ...body, type: 'drain' }],
      [nodeId, { ...body, timeout_s: 30 }],
      [await newNode(), body],
    ] as const) {
      const reply = await order(target, other)
      expect(reply).toMatchObject({ status: 409, error: { code: 'reference_reused' } })
    }
  })

  test('names a build by its catalogue id; digest, name and nonce are the control plane’s', async () => {
    const nodeId = await newNode()
    const args = { profile_id: 'maker/small@0' }
    const build = { ...args, artifact_digest: digestOf('a') }
    const pull = await order(nodeId, anOrder({ type: 'model.pull', args }))
    expect(pull.body.args).toEqual({ ...build, ollama_name: 'small:q4' })
    const remove = await order(nodeId, anOrder({ type: 'model.remove', args }))
    expect(remove.body.args).toEqual(build)
    const hash = await order(nodeId, anOrder({ type: 'model.hash_range', args }))
    expect(hash.body.args).toEqual({ ...build, nonce: expect.stringMatching(/^[\w-]{22}$/) })
  })

  test.each<[object, string]>([
    [{ type: 'shell.run' }, 'type'],
    [{ type: 'model.pull', args: { profile_id: 'maker/none@0' } }, 'args.profile_id'],
    [{ type: 'model.pull', args: { profile_id: 'maker/small@1' } }, 'args.profile_id'],
    [{ type: 'config.set', args: { key: 'mode', value: 'network' } }, 'args.key'],
    [{ timeout_s: 86_400 }, 'timeout_s'],
    [{ expires_in_s: 86_401 }, 'expires_in_s'],
    [{ not_before: '2999-01-01T00:00:00Z' }, 'not_before'],
    [{ preflight: ['be nice'] }, 'preflight.0'],
    [{ reference: 'a b' }, 'reference'],
  ])('is not %j', async (changes, param) => {
    const nodeId = await newNode()
    const reply = await order(nodeId, anOrder(changes))
    expect(reply).toMatchObject({ status: 400, error: { param } })
    const listed = await plane.operate('GET', `/nodes/${nodeId}/jobs`)
    expect(listed.body.data).toEqual([])
  })

  test('needs a node that can still come', async () => {
    const unknown = await order(nobody, anOrder())
    expect(unknown).toMatchObject({ status: 404, error: { code: 'node_not_found' } })
    const nodeId = await newNode()
    await plane.operate('POST', `/nodes/${nodeId}/retire`)
    const retired = await order(nodeId, anOrder())
    expect(retired).toMatchObject({ status: 409, error: { code: 'state_conflict' } })
  })

  test('beyond what a node may have open waits', async () => {
    const nodeId = await newNode()
    for (let made = 0; made < limits.jobsOpenPerNode; made += 1) {
      expect(await order(nodeId, anOrder())).toMatchObject({ status: 200 })
    }
    const reply = await order(nodeId, anOrder())
    expect(reply).toMatchObject({ status: 409, error: { code: 'state_conflict' } })
  })

  test('is an operator’s to give and a viewer’s to see', async () => {
    const nodeId = await newNode()
    const [viewer, support] = [plane.operatorKey('viewer'), plane.operatorKey('support')]
    const path = `/nodes/${nodeId}/jobs`
    expect((await plane.operate('POST', path, anOrder(), support)).status).toBe(403)
    expect((await plane.operate('GET', path, undefined, viewer)).status).toBe(200)
  })
})

describe('a job', () => {
  test('is listed under its node, newest first, page by page', async () => {
    const nodeId = await newNode()
    const ids = []
    for (let made = 0; made < 3; made += 1) ids.unshift((await order(nodeId, anOrder())).body.id)
    const first = await plane.operate('GET', `/nodes/${nodeId}/jobs?limit=2`)
    const List = z.object({ data: z.array(z.looseObject({ id: z.string() })) })
    const idsOf = (body: unknown) => List.parse(body).data.map(({ id }) => id)
    expect(idsOf(first.body)).toEqual(ids.slice(0, 2))
    expect(first.body.has_more).toBe(true)
    const rest = await plane.operate(
      'GET',
      `/nodes/${nodeId}/jobs?limit=2&after=${first.body.next}`,
    )
    expect(idsOf(rest.body)).toEqual(ids.slice(2))
  })

  test('that has expired shows so, whether or not a schedule has run', async () => {
    const { body } = await order(await newNode(), anOrder({ expires_in_s: 60 }))
    plane.passMs(60_000)
    const shown = await plane.operate('GET', `/jobs/${body.id}`)
    expect(shown.body).toMatchObject({ state: 'timed_out', reason: 'not_accepted' })
  })

  test('is cancelled once, and again without an error', async () => {
    const { body } = await order(await newNode(), anOrder())
    for (let time = 0; time < 2; time += 1) {
      const reply = await plane.operate('POST', `/jobs/${body.id}/cancel`)
      expect(reply).toMatchObject({ status: 200, body: { state: 'cancelled' } })
    }
  })

  test('that has ended otherwise cannot be cancelled', async () => {
    const { body } = await order(await newNode(), anOrder({ expires_in_s: 60 }))
    plane.passMs(60_000)
    const reply = await plane.operate('POST', `/jobs/${body.id}/cancel`)
    expect(reply).toMatchObject({ status: 409, error: { state: 'timed_out' } })
  })

  test.each(['GET', 'POST'] as const)('that nobody ordered is not found (%s)', async (method) => {
    const action = method === 'POST' ? '/cancel' : ''
    for (const id of ['job_x', `job_${'0'.repeat(26)}`]) {
      const reply = await plane.operate(method, `/jobs/${id}${action}`)
      expect(reply).toMatchObject({ status: 404, error: { code: 'job_not_found' } })
    }
  })
})
