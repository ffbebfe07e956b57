// EC2 instances enrol by the role that they were launched with: a real presigned question, asked over HTTP
// of an STS that works out the signature itself.
import type { ServerResponse } from 'node:http'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { presignedIdentity } from '../../apps/host/instance-identity.ts'
import { makeAskCallerIdentity } from '../../src/adapters/sts/ask-caller-identity.ts'
import type { LaunchRole } from '../../src/fleet/launch-role.ts'
import { syntheticOwnerId } from '../../src/fleet/synthetic.ts'
import type { CallerIdentity, IdentityBinding } from '../../src/protocol/caller-identity.ts'
import { type ControlPlane, stage, startControlPlane } from '../support/control-plane.ts'
import { type FakeSts, startFakeSts } from '../support/fake-sts.ts'
import { joinCode, makeTestHost, rotationOrder, type TestHost } from '../support/test-host.ts'

const role: LaunchRole = {
  region: 'eu-west-1',
  roleId: 'AROAHOSTSOFTHESTAGE1',
  ownerId: 'b3iq:hosts',
  trustTier: 'T2',
}

let plane: ControlPlane
let sts: FakeSts
let app: ReturnType<ControlPlane['ingestOf']>
let impatient: typeof app
beforeAll(async () => {
  plane = await startControlPlane()
  sts = await startFakeSts({ nowMs: plane.nowMs })
  const { origin } = sts
  const appThatWaits = (timeoutMs: number) =>
    plane.ingestOf({
      instanceTrust: { role, askCallerIdentity: makeAskCallerIdentity({ origin, timeoutMs }) },
    })
  app = appThatWaits(10_000)
  impatient = appThatWaits(150)
})
afterEach(() => sts.answerBy(undefined))
afterAll(async () => {
  await sts.stop()
  await plane.stop()
})

let launched = 0
const newInstance = (roleId = role.roleId) => {
  launched += 1
  const instanceId = `i-${String(launched).padStart(17, '0')}`
  return { instanceId, credentials: sts.launch(roleId, instanceId) }
}

type Changes = {
  readonly binding?: Partial<IdentityBinding>
  readonly region?: string
  readonly signedAtMs?: number
  readonly identity?: Partial<CallerIdentity>
  readonly order?: object
  readonly from?: typeof app
}

async function enrol(
  host: TestHost,
  { credentials }: Pick<ReturnType<typeof newInstance>, 'credentials'>,
  changes: Changes = {},
) {
  const { binding, region = role.region, signedAtMs = plane.nowMs(), identity, order } = changes
  const challenge = await host.challenge()
  const publicKey = host.signer.publicKey
  const signed = await presignedIdentity(
    { region, credentials },
    { stage, publicKey, challenge, ...binding },
    signedAtMs,
  )
  const proof = { join_code: undefined, challenge, caller_identity: { ...signed, ...identity } }
  return host.enrol('', { ...proof, ...order }, { app: changes.from ?? app })
}

const rejected = { status: 403, error: { code: 'instance_rejected', param: 'caller_identity' } }

describe('an instance of the launch role', () => {
  test('is approved at once, as the operator’s, in its region and tier', async () => {
    const host = makeTestHost(plane)
    expect(await enrol(host, newInstance())).toMatchObject({
      status: 200,
      body: { node_id: host.nodeId, status: 'approved' },
    })
    expect(await plane.fleet.readNode(host.nodeId)).toMatchObject({
      ownerId: 'b3iq:hosts',
      status: 'approved',
      trustTier: 'T2',
      region: 'eu-west-1',
    })
  })

  test('is not counted: more of them come in an hour than an owner may enrol', async () => {
    for (let count = 0; count < 12; count += 1) {
      expect((await enrol(makeTestHost(plane), newInstance())).status).toBe(200)
    }
  })

  test('is the same node when it comes again, also twice at once', async () => {
    const [host, instance] = [makeTestHost(plane), newInstance()]
    const replies = await Promise.all([enrol(host, instance), enrol(host, instance)])
    const again = await enrol(host, instance)
    for (const { status, body } of [...replies, again]) {
      expect({ status, id: body.node_id }).toEqual({ status: 200, id: host.nodeId })
    }
  })

  test('keeps what the operator said of its node', async () => {
    const [host, instance] = [makeTestHost(plane), newInstance()]
    await enrol(host, instance)
    await plane.operate('POST', `/nodes/${host.nodeId}/suspend`)
    expect(await enrol(host, instance)).toMatchObject({ error: { code: 'node_revoked' } })
  })

  test('is the same node after it has rotated its key', async () => {
    const [from, to, instance] = [makeTestHost(plane), makeTestHost(plane), newInstance()]
    await enrol(from, instance)
    await from.send('POST', 'rotate', rotationOrder(plane, from, to))
    expect(await enrol(to, instance)).toMatchObject({ status: 200, body: { status: 'approved' } })
  })

  test('has one node: another key of it is refused, and gets no tunnel', async () => {
    const instance = newInstance()
    await enrol(makeTestHost(plane), instance)
    const other = makeTestHost(plane)
    expect(await enrol(other, instance)).toMatchObject({
      status: 409,
      error: { code: 'instance_bound' },
    })
    expect(await plane.fleet.readNode(other.nodeId)).toBeUndefined()
  })

  test('has one node also where two keys of it come at once', async () => {
    const instance = newInstance()
    const hosts = [makeTestHost(plane), makeTestHost(plane)]
    const replies = await Promise.all(hosts.map((host) => enrol(host, instance)))
    expect(replies.map(({ status }) => status).toSorted()).toEqual([200, 409])
  })
})

describe('nothing is enrolled', () => {
  test.each<[string, Changes]>([
    ['signed for another stage', { binding: { stage: 'prod' } }],
    ['signed for another key', { binding: { publicKey: 'A'.repeat(43) } }],
    ['signed for another challenge', { binding: { challenge: '1.x' } }],
    ['with another signature', { identity: { signature: '0'.repeat(64) } }],
    ['with the token of another session', { identity: { session_token: 'b3RoZXI=' } }],
    ['under the key of another session', { identity: { access_key_id: `ASIA${'X'.repeat(16)}` } }],
  ])('with an identity %s: STS says no', async (_, changes) => {
    const host = makeTestHost(plane)
    const before = sts.asked.length
    expect(await enrol(host, newInstance(), changes)).toMatchObject(rejected)
    expect(sts.asked).toHaveLength(before + 1)
    expect(await plane.fleet.readNode(host.nodeId)).toBeUndefined()
  })

  test.each<[string, () => Changes, RegExp]>([
    ['that has expired', () => ({ signedAtMs: plane.nowMs() - 61_000 }), /of this minute/],
    ['of the future', () => ({ signedAtMs: plane.nowMs() + 40_000 }), /of this minute/],
    ['of no time at all', () => ({ identity: { signed_at: '20261399T990000Z' } }), /this minute/],
    ['of another region', () => ({ region: 'us-east-1' }), /enrol from eu-west-1/],
  ])('with an identity %s, and STS is not asked', async (_, changes, message) => {
    const before = sts.asked.length
    const reply = await enrol(makeTestHost(plane), newInstance(), changes())
    expect(reply).toMatchObject({ ...rejected, error: { message: expect.stringMatching(message) } })
    expect(sts.asked).toHaveLength(before)
  })

  test.each([
    ['another role of the account', 'AROASOMEOTHERROLE1'],
    ['a user', 'AIDASOMEBODYATHOME1'],
  ])('by %s, whom STS knows well', async (_, id) => {
    expect(await enrol(makeTestHost(plane), newInstance(id))).toMatchObject({
      error: { code: 'instance_rejected' },
    })
  })

  test('by a session of the role that is no instance', async () => {
    const credentials = sts.launch(role.roleId, 'a-person')
    expect(await enrol(makeTestHost(plane), { credentials })).toMatchObject({
      error: { code: 'instance_rejected' },
    })
  })

  test('by another node that got hold of the identity', async () => {
    const [host, thief] = [makeTestHost(plane), makeTestHost(plane)]
    const challenge = await host.challenge()
    const caller_identity = await presignedIdentity(
      { region: role.region, credentials: newInstance().credentials },
      { stage, publicKey: host.signer.publicKey, challenge },
      plane.nowMs(),
    )
    for (const stolen of [{ caller_identity }, { caller_identity, challenge }]) {
      const reply = await thief.enrol('', { join_code: undefined, ...stolen }, { app })
      expect(reply.status).not.toBe(200)
    }
    expect(await plane.fleet.readNode(thief.nodeId)).toBeUndefined()
  })

  test.each([
    ['both a code and an identity', (code: string) => ({ join_code: code })],
    ['neither', () => ({ caller_identity: undefined })],
  ])('with %s', async (_, order) => {
    const code = await joinCode(plane)
    const reply = await enrol(makeTestHost(plane), newInstance(), { order: order(code) })
    expect(reply).toMatchObject({ status: 400, error: { param: 'join_code' } })
  })

  test('where the stage launches no hosts', async () => {
    const host = makeTestHost(plane)
    const challenge = await host.challenge()
    const caller_identity = await presignedIdentity(
      { region: role.region, credentials: newInstance().credentials },
      { stage, publicKey: host.signer.publicKey, challenge },
      plane.nowMs(),
    )
    const reply = await host.enrol('', { join_code: undefined, challenge, caller_identity })
    expect(reply).toMatchObject(rejected)
  })

  test('for a key of another owner', async () => {
    const host = makeTestHost(plane)
    await host.enrol(await joinCode(plane, 'owner-of-old'))
    expect(await enrol(host, newInstance())).toMatchObject({
      error: { code: 'key_bound_elsewhere' },
    })
  })
})

test('an instance of a synthetic owner serves nobody', async () => {
  const askCallerIdentity = makeAskCallerIdentity({ origin: sts.origin })
  const synthetic = { ...role, ownerId: syntheticOwnerId }
  const from = plane.ingestOf({ instanceTrust: { role: synthetic, askCallerIdentity } })
  const [host, instance] = [makeTestHost(plane), newInstance()]
  expect(await enrol(host, instance, { from })).toMatchObject({ error: { param: 'mode' } })
  expect(await plane.fleet.readNode(host.nodeId)).toBeUndefined()
  expect((await enrol(host, instance, { from, order: { mode: 'managed' } })).status).toBe(200)
})

test('an STS that finds the question wrong refuses the identity', async () => {
  sts.answerBy((to) => to.writeHead(400).end(fault('ValidationError')))
  expect(await enrol(makeTestHost(plane), newInstance())).toMatchObject(rejected)
})

describe('an STS that gives no answer', () => {
  async function expectLater(answer: (response: ServerResponse) => void, from: typeof app) {
    sts.answerBy(answer)
    const [host, instance] = [makeTestHost(plane), newInstance()]
    expect(await enrol(host, instance, { from })).toMatchObject({
      status: 503,
      error: { code: 'identity_unavailable' },
    })
    sts.answerBy(undefined)
    expect((await enrol(host, instance)).status).toBe(200)
    return plane.logLines().findLast((line) => line.includes('identity_unavailable'))
  }

  test.each<[string, (response: ServerResponse) => void, RegExp]>([
    ['but a redirect', (to) => to.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(), /302/],
    ['of a sane size', (to) => to.writeHead(200).end('x'.repeat(64 * 1024)), /beyond its bound/],
    ['but a fault', (to) => to.writeHead(500).end(), /status 500/],
    [
      'because it is asked too often',
      (to) => to.writeHead(400).end(fault('Throttling')),
      /Throttl/,
    ],
    ['in so many words', (to) => to.writeHead(400).end(fault('ThrottlingException')), /Throttl/],
    ['that can be read', (to) => to.writeHead(200).end('<xml/>'), /names nobody/],
    ['at all', (to) => to.destroy(), /hang up|ECONNRESET/],
  ])('%s: the host may come again', async (_, answer, why) => {
    expect(await expectLater(answer, app)).toMatch(why)
  })

  test.each<[string, (response: ServerResponse) => void]>([
    ['in time', () => undefined],
    ['that ends, but a byte at a time', drip],
  ])('%s: the host may come again', async (_, answer) => {
    expect(await expectLater(answer, impatient)).toMatch(/abort|timeout/i)
  })
})

const fault = (Code: string) => JSON.stringify({ Error: { Code, Message: 'No.', Type: 'Sender' } })

/** Bytes that keep coming are no answer either. */
function drip(response: ServerResponse): void {
  response.writeHead(200)
  const timer = setInterval(() => response.write(' '), 20)
  response.once('close', () => clearInterval(timer))
}
