import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { generatePrivateKey, makeSigner } from '../../src/protocol/ed25519.ts'
import { Eligibility } from '../../src/protocol/heartbeat.ts'
import { signatureTag } from '../../src/protocol/http-signature.ts'
import { nodeIdOf } from '../../src/protocol/node-identity.ts'
import { RotateReply, type Rotation } from '../../src/protocol/rotation.ts'
import { freshReputation } from '../../src/reputation/reputation.ts'
import { aSampling } from '../spot-checks/facts.ts'
import {
  type ControlPlane,
  catalogueModel,
  digestOf,
  stage,
  startControlPlane,
} from '../support/control-plane.ts'
import {
  approvedHost,
  enrolledHost,
  installedModel,
  makeTestHost,
  rotationOrder,
  type TestHost,
} from '../support/test-host.ts'

let plane: ControlPlane
beforeAll(async () => {
  plane = await startControlPlane()
  await plane.operate('PUT', '/models', catalogueModel('maker/small', [digestOf('a')]))
})
afterAll(() => plane.stop())

const Eligibilities = z.array(Eligibility)
const dayMs = 24 * 60 * 60_000

const rotate = (from: TestHost, to: TestHost, changes?: Partial<Rotation>) =>
  from.send('POST', 'rotate', rotationOrder(plane, from, to, changes))

describe('a new key', () => {
  test('becomes a node in the place of the old one, with a route to be proven anew', async () => {
    const [from, to] = [await approvedHost(plane), makeTestHost(plane)]
    await from.beat()
    const old = await plane.fleet.readNode(from.nodeId)
    const reply = await rotate(from, to)
    expect(RotateReply.parse(reply.body)).toMatchObject({
      node_id: to.nodeId,
      status: 'active',
      route_epoch: 2,
      old_until_ms: plane.nowMs() + dayMs,
    })
    expect(await plane.fleet.readNode(to.nodeId)).toMatchObject({
      publicKey: to.signer.publicKey,
      ownerId: old?.ownerId,
      status: 'active',
      mode: old?.mode,
      trustTier: old?.trustTier,
      route: { ...old?.route, epoch: 2 },
      predecessorId: from.nodeId,
    })
    expect((await to.beat()).status).toBe(200)
  })

  test('takes along what spot checks and requests have shown of the old one', async () => {
    const [from, to] = [await approvedHost(plane), makeTestHost(plane)]
    const models = [installedModel(digestOf('a'))]
    await from.offer(models)
    const { nodeId } = from
    const condemned = { atMs: plane.nowMs(), artifactDigest: digestOf('a') }
    await plane.spotChecks.writeSampling(
      { nodeId, profileId: 'maker/small@0' },
      {
        sampling: aSampling(),
        fromVersion: 0,
        fact: { passed: 1, failed: 2, failures: [], condemned },
      },
    )
    const reputation = { ...freshReputation(nodeId), paidRequests: 7 }
    await plane.reputations.writeReputation({ reputation, fromVersion: 0, score: 0.25 })

    await rotate(from, to)
    expect((await to.send('GET', 'reputation', {})).body).toMatchObject({
      reputation: { paid_requests: 7 },
    })
    expect((await plane.fleet.readNode(to.nodeId))?.reputation).toBe(0.25)
    await to.offer(models)
    const [eligibility] = Eligibilities.parse((await to.beat()).body.eligibility)
    expect(eligibility?.blockers.map(({ code }) => code)).toContain('spot_checks_failed')
    const lifted = { node_id: to.nodeId, profile_id: 'maker/small@0' }
    expect(await plane.operate('POST', '/deployments/clear-verdict', lifted)).toMatchObject({
      status: 200,
    })
  })

  test('stands where the old one stood', async () => {
    const [from, to] = [makeTestHost(plane), makeTestHost(plane)]
    const order = { owner_id: 'owner-of-region', region: 'eu-west-1' }
    const { body } = await plane.operate('POST', '/join-codes', order)
    await from.enrol(z.string().parse(body.code))
    await plane.operate('POST', `/nodes/${from.nodeId}/approve`)
    await rotate(from, to)
    for (const { nodeId } of [from, to]) {
      expect((await plane.operate('GET', `/nodes/${nodeId}`)).body.region).toBe('eu-west-1')
    }
  })

  test('leaves the old one heard for a day', async () => {
    const [from, to] = [await approvedHost(plane), makeTestHost(plane)]
    await rotate(from, to)
    plane.passMs(dayMs - 1)
    expect((await from.beat()).status).toBe(200)
    expect(await plane.fleet.readNode(from.nodeId)).toMatchObject({
      successor: { nodeId: to.nodeId, untilMs: plane.nowMs() + 1 },
    })
  })

  test('is answered again when the reply was lost', async () => {
    const [from, to] = [await approvedHost(plane), makeTestHost(plane)]
    const first = await rotate(from, to)
    plane.passMs(1_000)
    const again = await rotate(from, to)
    expect(again).toMatchObject({ status: 200 })
    expect(again.body.old_until_ms).toBe(first.body.old_until_ms)
    expect(again.body.node_id).toBe(to.nodeId)
  })

  test('may be rotated in its turn', async () => {
    const [first, second, third] = [
      await approvedHost(plane),
      makeTestHost(plane),
      makeTestHost(plane),
    ]
    await rotate(first, second)
    expect((await rotate(second, third)).body).toMatchObject({ route_epoch: 3 })
    expect((await plane.fleet.readNode(third.nodeId))?.predecessorId).toBe(second.nodeId)
  })
})

describe('a rotation is refused', () => {
  test('to a second key: one key has one successor', async () => {
    const [from, to, other] = [await approvedHost(plane), makeTestHost(plane), makeTestHost(plane)]
    await rotate(from, to)
    const reply = await rotate(from, other)
    expect(reply).toMatchObject({
      status: 409,
      error: { code: 'state_conflict', successor_id: to.nodeId },
    })
    expect(await plane.fleet.readNode(other.nodeId)).toBeUndefined()
  })

  test('to one of two keys that come at once', async () => {
    const from = await approvedHost(plane)
    const keys = [makeTestHost(plane), makeTestHost(plane)]
    const replies = await Promise.all(keys.map((to) => rotate(from, to)))
    expect(replies.map(({ status }) => status).toSorted()).toEqual([200, 409])
  })

  test('to a key that is a node already, whoever owns it', async () => {
    const [from, other] = [await approvedHost(plane), await enrolledHost(plane)]
    expect(await rotate(from, other)).toMatchObject({
      status: 409,
      error: { code: 'key_bound_elsewhere' },
    })
    expect((await plane.fleet.readNode(from.nodeId))?.successor).toBeUndefined()
  })

  test('to a key of small order, whose signatures prove nothing', async () => {
    const from = await approvedHost(plane)
    const new_public_key = Buffer.from(`01${'00'.repeat(31)}`, 'hex').toString('base64url')
    const changes = { new_public_key, new_node_id: nodeIdOf(new_public_key) }
    expect(await rotate(from, makeTestHost(plane), changes)).toMatchObject({
      status: 400,
      error: { code: 'public_key_rejected', param: 'rotation.new_public_key' },
    })
  })

  test.each([
    ['rotation.stage', { stage: 'prod' }],
    ['rotation.old_node_id', { old_node_id: nodeIdOf(makeSigner(generatePrivateKey()).publicKey) }],
    ['rotation.new_node_id', { new_node_id: nodeIdOf(makeSigner(generatePrivateKey()).publicKey) }],
  ])('where %s is not what it should be', async (param, changes) => {
    const reply = await rotate(await approvedHost(plane), makeTestHost(plane), changes)
    expect(reply).toMatchObject({ status: 400, error: { code: 'invalid_value', param } })
  })

  test('which the new key did not sign', async () => {
    const [from, to] = [await approvedHost(plane), makeTestHost(plane)]
    const { rotation } = rotationOrder(plane, from, to)
    const signature = from.signer.sign('b3iq:rotation:v1', rotation)
    expect(await from.send('POST', 'rotate', { rotation, signature })).toMatchObject({
      status: 401,
      error: { code: 'bad_signature', param: 'signature' },
    })
    expect(await plane.fleet.readNode(to.nodeId)).toBeUndefined()
  })

  test('which the old key did not send', async () => {
    const [from, to] = [await approvedHost(plane), makeTestHost(plane)]
    const stolen = await to.send('POST', 'rotate', rotationOrder(plane, from, to), {
      keyId: from.nodeId,
    })
    expect(stolen).toMatchObject({ status: 401, error: { code: 'bad_signature' } })
    const tag = signatureTag(stage, 'heartbeat')
    const other = await from.send('POST', 'rotate', rotationOrder(plane, from, to), { tag })
    expect(other).toMatchObject({ status: 401, error: { code: 'bad_signature' } })
  })

  test.each([-120_001, 120_001])('that was written %i ms from now', async (offMs) => {
    const [from, to] = [await approvedHost(plane), makeTestHost(plane)]
    const reply = await rotate(from, to, { at_ms: plane.nowMs() + offMs })
    expect(reply).toMatchObject({ status: 401, error: { code: 'clock_skew' } })
  })

  test('while the node waits for approval', async () => {
    const reply = await rotate(await enrolledHost(plane), makeTestHost(plane))
    expect(reply).toMatchObject({ status: 403, error: { code: 'pending_approval' } })
  })

  test.each(['suspend', 'retire'])('of a node after %s', async (change) => {
    const [from, to] = [await approvedHost(plane), makeTestHost(plane)]
    await plane.operate('POST', `/nodes/${from.nodeId}/${change}`)
    expect(await rotate(from, to)).toMatchObject({ status: 403, error: { code: 'node_revoked' } })
    expect(await plane.fleet.readNode(to.nodeId)).toBeUndefined()
  })
})
